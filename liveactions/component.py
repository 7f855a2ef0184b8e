"""Components: objects with typed state, a template and actions; they live in a page, which is one itself."""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform

from starlette.requests import Request

from .fields import in_url, loaded

if TYPE_CHECKING:
    from .description import Description
    from .handle import Handle
    from .template.fragment import Fragment


@dataclass_transform(kw_only_default=True, field_specifiers=(loaded,))
class Component:
    """A part of a page with its own state, template and actions. Without a template it is headless.

    Annotated public names of the class are its fields. Every other name of the library is under `live`.
    """

    __slots__ = ("live", "_live_node", "__dict__", "__weakref__")

    template: ClassVar[str | None] = None
    actions: ClassVar[Any] = ()
    live: Handle

    def __init__(self, **fields: Any) -> None:
        """`TypeError` for an unknown field, or a missing one without a default."""

    @property
    def request(self) -> Request:
        """The newest HTTP request of this page: its GET, its join, its post."""
        raise NotImplementedError

    def mount(self, *args: Any, **kwargs: Any) -> Any:
        """Runs once, before the first `load`. Parameters are injected by annotation."""

    def load(self, *args: Any, **kwargs: Any) -> Any:
        """Runs before a render when a state field changed, or the component was just mounted or restored."""

    def connected(self, *args: Any, **kwargs: Any) -> Any:
        """Runs when a socket came."""

    def disconnected(self, *args: Any, **kwargs: Any) -> Any:
        """Runs when the socket went."""

    def closed(self, *args: Any, **kwargs: Any) -> Any:
        """Runs when the page is over."""

    def __fragment__(self, previous: Fragment | None) -> Fragment:
        """The component drawn by its template. `TypeError` without one."""
        raise NotImplementedError


def describe(component: Any) -> Description:
    """What a class (its generic alias, or an instance) consists of. `TypeError` when it contradicts itself."""
    raise NotImplementedError


def attach(page: Component, live: Handle) -> None:
    """Makes `page` the root below `live`, and tells every component in it its path."""
    raise NotImplementedError


def variables(component: Component) -> dict[str, Any]:
    """What a component's template may name: fields, class attributes, actions, `url`, `live`, `request`."""
    raise NotImplementedError
