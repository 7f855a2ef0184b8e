"""References to actions with bound arguments, as templates show them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec, TypeVar, cast

from ..security import references
from ..template.reference import Reference
from . import binding
from .forms import UNUSED, FormState
from .outcomes import Outcomes

if TYPE_CHECKING:
    from ..pages.component import Component
    from .action import Action

P = ParamSpec("P")
R = TypeVar("R")

_CACHED: Final = 64
"""Bound references that one unbound reference remembers."""
_KEYS: Final = frozenset({int, str})
"""Types of which equal values are the same argument."""


class ActionRef(Reference, Outcomes, Generic[P, R]):
    """An action of one component with its bound arguments, as a template shows it.

    Two are equal when they make the same call for the same person. A plain call in Python is the plain
    function.
    """

    __slots__ = ("component", "action", "path", "args", "context", "_text", "_url", "_bound")

    def __init__(
        self,
        component: Component,
        action: Action[..., Any],
        path: str,
        args: tuple[Any, ...] = (),
        context: str = "",
    ) -> None:
        self.component = component
        self.action = action
        self.path = path
        """Where it is in the page: ``users.sort_by``."""
        self.args = args
        """Bound arguments by position among those that can be bound; see `binding`."""
        self.context = context
        """What its signature is bound to: application, page class and person."""
        self._text: str | None = None
        self._url: tuple[str, str] | None = None
        self._bound: dict[tuple[Any, ...], ActionRef[..., Any]] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        given = binding.named(self.action.plan, self.args)
        function = self.action.function
        if self.action.is_method:
            return cast(R, function(self.component, *args, **given, **kwargs))
        return cast(R, function(*args, **given, **kwargs))

    def bind(self, /, *args: Any, **kwargs: Any) -> ActionRef[..., R]:
        """A reference with these arguments added: `TypeError` when the action can't take them."""
        if kwargs or not args or not _KEYS.issuperset(map(type, args)):
            return self._bind(args, kwargs)
        if self._bound is None:
            self._bound = {}
        known = self._bound.get(args)
        if known is None:
            known = self._bind(args, kwargs)
            if len(self._bound) < _CACHED:
                self._bound[args] = known
        return known

    def _bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> ActionRef[..., R]:
        bound = binding.bind(self.action.plan, self.args, args, kwargs)
        return ActionRef(self.component, self.action, self.path, bound, self.context)

    @property
    def text(self) -> str:
        """The bound arguments as compact JSON; empty without any."""
        if self._text is None:
            self._text = binding.write(self.action.plan, self.args)
        return self._text

    @property
    def key(self) -> str:
        """Path and arguments as text: the same for equal references, unsigned."""
        return self.parts.key

    @property
    def parts(self) -> references.Reference:
        """Path and arguments as text, unsigned."""
        return references.Reference(self.path, self.text if self.args else "")

    @property
    def token(self) -> str:
        """What calls it from outside: path, arguments and signature."""
        return self.parts.sign(self.component.live.signer, self.context).format()

    def covers(self, other: ActionRef[..., Any]) -> bool:
        """Whether its outcomes are those of another one, too: it is the same, with fewer arguments bound."""
        return self.parts.covers(other.parts)

    @property
    def is_of_page(self) -> bool:
        """Whether it works on a page: as its method, by a parameter, or as a closure of its run."""
        injected = self.action.plan.injected
        is_closure = "<locals>" in self.action.__qualname__
        return self.action.is_method or is_closure or any(one.kind == "component" for one in injected)

    def check(self) -> None:
        """`TypeError` when an argument that only a template can bind is missing."""
        args = self.args
        if len(args) < self.action.plan.demands or binding.UNBOUND in args:
            binding.require(self.action.plan, self.args)

    def url(self) -> str:
        """The address that a form posts to. `TypeError` when a needed bound argument is missing."""
        path = self.component.live.path
        if self._url is None or self._url[0] != path:
            self.check()
            self._url = path, f"{path}?_a={references.quoted(self.token)}"
        return self._url[1]

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, ActionRef):
            return NotImplemented
        return self.context == other.context and self.means(other)

    def means(self, other: Reference) -> bool:
        """Whether both make the same call, for whomever."""
        if not isinstance(other, ActionRef):
            return False
        return self.path == other.path and same_values(self.args, other.args)

    def __hash__(self) -> int:
        try:
            return hash((self.path, self.args))
        except TypeError:  # a list or dict among them
            return hash(self.key)

    def __repr__(self) -> str:
        return f"<ActionRef {self.key}>"

    # What became of the newest call, for templates.

    @property
    def version(self) -> int:
        """Another number whenever the outcomes of calls are others."""
        return self.component.live.forms.version

    @property
    def state(self) -> FormState:
        """What became of the newest call of it, or of it with more bound arguments."""
        return self._known(self.component.live.forms.of(self.key, bool(self.args)))

    @property
    def own(self) -> FormState:
        """What became of the newest call of this very binding."""
        return self._known(self.component.live.forms.exact(self.key))

    def _known(self, state: FormState) -> FormState:
        if state is UNUSED and self.action.initial is not None:
            return replace(UNUSED, result=deepcopy(self.action.initial))
        return state

    def reset(self) -> None:
        """Forgets what became of its calls, with more bound arguments, too."""
        self.component.live.forms.forget_all(self.key, bool(self.args))


def same_values(mine: tuple[Any, ...], others: tuple[Any, ...]) -> bool:
    """Whether arguments are equal and of the same types: 1 is neither True nor 1.0."""
    return mine == others and all(type(a) is type(b) for a, b in zip(mine, others, strict=True))
