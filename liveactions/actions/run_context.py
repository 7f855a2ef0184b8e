"""The page and the operation that code runs in, and the effects that it asks for besides its answer.

Templates and actions name their page nowhere: `current_component` finds it by context variables, which a
render and an operation set. Effects (messages, published topics, calls after the answer) are collected in
`Effects` while the operation runs, and take place once it has been committed.

Actions know pages only by the protocols `OpenPage` and `Owner`.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from ..security.references import Signs
from .form_state import FormStates

if TYPE_CHECKING:
    from ..pubsub.base import Message
    from ..pubsub.channel import BrokerChannel


Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
"""A function to call with its arguments."""
DueCall = tuple["Effects", Call]
"""A call, and the scope that has asked for it."""


class OwnerNode(Protocol):
    """Return the references to a component's actions: `liveactions.pages.component.Node`."""

    def owns(self, action: Any, /) -> bool: ...
    def reference(self, action: Any, /) -> Any: ...


class Owner(Protocol):
    """A component whose actions are called: `liveactions.pages.component.Component`."""

    @property
    def live(self) -> OpenPage: ...
    @property
    def _live_node(self) -> OwnerNode: ...


class OpenPage(Protocol):
    """What actions and effects use of an open page: `liveactions.pages.handle.LiveContext`."""

    forms: FormStates
    flashes: tuple[Flash, ...]
    deferred: list[Any]

    @property
    def page(self) -> Owner: ...
    @property
    def path(self) -> str: ...
    @property
    def own_path(self) -> str: ...
    @property
    def signer(self) -> Signs: ...


class Effects:
    """Of one GET, POST, op or push. Most scopes ask for nothing: the defaults are the class's."""

    tags: Set[str] = frozenset()
    """To revalidate."""
    paths: tuple[tuple[str, bool], ...] = ()
    """To revalidate: each with whether all below it are meant."""
    refreshes = False
    """Whether this page's `load` is to run."""
    after: tuple[Call, ...] = ()
    """To call when the answer has been sent."""
    events: tuple[tuple[str, Any], ...] = ()
    """To dispatch in the page: names and details."""
    messages: tuple[tuple[BrokerChannel, Message], ...] = ()
    """To publish, each by a line."""
    has_caught_up = False
    """Whether it knows what other workers had revalidated when it first read something that is cached."""
    op: tuple[str, int | str] | None = None
    """Who made the op, and which of theirs it is."""
    is_closed = False

    def __init__(self, live: OpenPage) -> None:
        self.live = live

    def drop(self) -> None:
        """The work was rolled back: what it has published or dispatched didn't happen.

        What it has revalidated is read again all the same.
        """
        self.events, self.messages = (), ()

    @property
    def revalidates(self) -> bool:
        """Whether anybody is to be told of something."""
        return bool(self.tags or self.paths)


running: Final[ContextVar[Effects | None]] = ContextVar("liveactions_scope", default=None)


def open_effects() -> Effects | None:
    """Those of the scope that is running here; None outside of any, also in a task that has outlived its."""
    effects = running.get()
    return None if effects is None or effects.is_closed else effects


CURRENT_COMPONENT: ContextVar[Owner | None] = ContextVar("liveactions_component", default=None)
"""Set while its template is rendered."""


def current_component() -> Owner:
    """`RuntimeError` where neither a template is rendered nor an action runs."""
    component, effects = CURRENT_COMPONENT.get(), open_effects()
    if component is None and effects is not None:
        component = effects.live.page
    if component is None:
        raise RuntimeError("no page is rendering or running an action here; use page.name.bind(...)")
    return component


@dataclass(frozen=True, slots=True)
class Flash:
    """``{% for message in live.flashes %}<p class="{{ message.kind }}">{{ message }}</p>{% endfor %}``"""

    text: str
    kind: str = ""

    def __str__(self) -> str:
        return self.text
