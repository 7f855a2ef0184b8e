"""The current component and run, and the effects that a run collects.

Templates and actions don't pass their page: `current_component` finds it through context variables, which are
set for each render and each run. Effects (published messages, revalidated tags, calls after the response) are
collected in `Effects` during the run, and take place once it has committed.

This package knows pages only through the protocols `OpenPage` and `Owner`.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from contextvars import ContextVar
from dataclasses import dataclass, field
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final, Protocol

from starlette.requests import HTTPConnection

from ..security.references import Signs
from .form_state import FormStates

if TYPE_CHECKING:
    from ..pubsub.base import Message
    from ..pubsub.channel import BrokerChannel
    from ..pubsub.presence import Presence


Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
"""A function to call with its arguments."""
OpId = tuple[str, int | str]
"""An operation's sender, and its number there: the same each time that the operation is sent."""
DueCall = tuple["Effects", Call]
"""A call, and the effects of the run that asked for it."""


class OwnerRecord(Protocol):
    """Returns references to a component's actions; implemented by `pages.component.ComponentRecord`."""

    def owns(self, action: Any, /) -> bool: ...
    def reference(self, action: Any, /) -> Any: ...
    def note_token(self, ref: Any, token: str, /) -> None: ...


class Owner(Protocol):
    """A component whose actions are called; implemented by `liveactions.pages.component.Component`."""

    @property
    def live(self) -> OpenPage: ...
    @property
    def _live_record(self) -> OwnerRecord: ...


class OpenPage(Protocol):
    """The part of an open page that actions use; implemented by `pages.live_context.LiveContext`."""

    forms: FormStates
    flashes: tuple[Flash, ...]
    restored_flashes: tuple[Flash, ...]
    deferred: list[Any]

    @property
    def page(self) -> Owner: ...
    @property
    def page_class(self) -> type[Owner]: ...
    @property
    def path(self) -> str: ...
    @property
    def own_path(self) -> str: ...
    @property
    def signer(self) -> Signs: ...
    @property
    def presence(self) -> Presence | None: ...
    async def identity(self, connection: HTTPConnection) -> str: ...
    def macro(self, template: str, name: str) -> Callable[..., Any]: ...


class Effects:
    """The effects of one run. Most runs have none, so the defaults are class attributes."""

    tags: Set[str] = frozenset()
    """Tags to revalidate."""
    paths: tuple[tuple[str, bool], ...] = ()
    """Paths to revalidate, each with whether all paths below it are included."""
    refreshes = False
    """Whether this page's `load` has to run again."""
    after: tuple[Call, ...] = ()
    """Functions to call after the response has been sent."""
    events: tuple[tuple[str, Any], ...] = ()
    """DOM events to dispatch in the page: names and details."""
    messages: tuple[tuple[BrokerChannel, Message], ...] = ()
    """Messages to publish, each on a channel."""
    has_generators = False
    """Whether a dependency is a generator, which may commit when it is closed."""
    early_reads: Set[str] = frozenset()
    """Names of cached functions that may have read data before it was committed: those without dependencies
    that were called, while a generator was open, after one of their tags had been revalidated.
    """
    has_caught_up = False
    """Whether the revalidations of other workers were applied before the first cached read."""
    is_closed = False
    """Whether the run has ended."""

    def __init__(self, live: OpenPage, op: OpId | None = None) -> None:
        self.live = live
        self.op = op

    def drop(self) -> None:
        """Drop the messages and events of a run that was rolled back.

        Revalidated tags and paths are kept: reading data again does no harm.
        """
        self.events, self.messages = (), ()

    @property
    def revalidates(self) -> bool:
        """Whether there is anything to revalidate."""
        return bool(self.tags or self.paths)


current_effects: Final[ContextVar[Effects | None]] = ContextVar("liveactions_effects", default=None)


def open_effects() -> Effects | None:
    """Return the effects of the current run; None outside of a run, and in a task that outlives its run."""
    effects = current_effects.get()
    return None if effects is None or effects.is_closed else effects


CURRENT_COMPONENT: ContextVar[Owner | None] = ContextVar("liveactions_component", default=None)
"""The component whose template is being rendered."""


def current_component() -> Owner:
    """Return the component that is being rendered, or the page of the current run.

    Raise `RuntimeError` if there is neither.
    """
    component, effects = CURRENT_COMPONENT.get(), open_effects()
    if component is None and effects is not None:
        component = effects.live.page
    if component is None:
        raise RuntimeError("no page is rendering or running an action here; use page.name.bind(...)")
    return component


@dataclass(frozen=True, slots=True)
class Flash:
    """A message for the visitor, shown once. Converted to a string, it is its text::

        {% for message in live.flashes %}<p class="{{ message.kind }}">{{ message }}</p>{% endfor %}

    Messages disappear with the next action or navigation.
    """

    text: str
    kind: str = ""
    id: str = field(default_factory=lambda: token_hex(4), compare=False)
    """The key of its element: a message with the same text after this one is another element."""

    def __str__(self) -> str:
        return self.text

    def dump(self) -> list[str]:
        """Return the message as JSON data: ``Flash(*data)`` restores it."""
        return [self.text, self.kind, self.id]
