"""The live context of an open page, ``self.live``: its address, its request, its forms.

Each page has a `LiveContext`. All pages of an application share its `AppServices`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, ParamSpec, Protocol, Unpack
from urllib.parse import unquote, urlsplit
from weakref import ref

from markupsafe import Markup
from pydantic_core import to_json, to_jsonable_python
from starlette.requests import HTTPConnection, Request

from ..actions.form_state import FormStates
from ..actions.markers import Depends
from ..actions.messages import MESSAGES
from ..actions.request import CookieOptions, PageRequest
from ..actions.run_context import Effects, Flash, Owner, current_component, current_effects, open_effects
from ..config import check_seconds
from ..exceptions import LiveError
from ..pubsub.presence import Presence
from ..security.references import Signs
from .bound_fields import BoundFields
from .presence import Attending

if TYPE_CHECKING:
    from jinja2 import Template

    from ..templates.component_files import MisspelledProp
    from ..templates.fragments import Fragment

    Render = Callable[[dict[str, Any], Fragment | None], Any]
    """Renders a template with variables, reusing parts of the previous render."""

HEAD_PLACEHOLDER: Final = Markup('<meta name="live">')
"""Marks where the template places the client's script."""
P = ParamSpec("P")


class View(Protocol):
    """Renders one component's template."""

    def render(self, variables: dict[str, Any], previous: Fragment | None) -> Fragment: ...
    def render_part(self, variables: dict[str, Any], previous: Fragment | None) -> Any: ...


class TemplateLoader(Protocol):
    """Loads templates; implemented by `liveactions.templates.Templates`."""

    def view(self, name: str) -> View: ...
    def macro(self, template: str, name: str) -> Callable[..., Any]: ...
    def loaded(self) -> Iterable[Template]: ...
    def misspelled(self, name: str | None) -> Iterable[MisspelledProp]: ...
    def saved(self) -> bool: ...
    def source(self, name: str) -> str: ...
    def component_files(self, others: Callable[[], Iterable[str]] = ...) -> Mapping[str, str]: ...


class RootComponent(Owner, Protocol):
    """A component with an address; implemented by `liveactions.pages.page.Page`."""

    def _live_url(self, path: str | None = None, /, **values: Any) -> str: ...


class Background(Protocol):
    """Runs operations of an open page; implemented by `liveactions.session.server_ops.Background`."""

    async def run(self, call: Callable[[], Any]) -> Any: ...
    def later(self, seconds: float, call: Callable[[], Any]) -> None: ...


class KeptFields(Protocol):
    """The fields that outlive a page; implemented by `liveactions.execution.kept.KeptFields`."""

    is_stale: bool
    tab: str

    def copy(self) -> KeptFields: ...
    def become(self, identity: str) -> None: ...
    def undo(self) -> None: ...
    async def read(self, page: Any) -> bool: ...
    def dump(self, page: Any) -> None: ...
    async def store(self, page: Any) -> frozenset[str]: ...


class Publish(Protocol):
    """`Live.publish`."""

    def __call__(self, topic: str, /, **data: Any) -> None: ...


async def no_identity(connection: HTTPConnection) -> str:
    return ""


async def no_limit(key: str, interval: float, burst: int) -> float:
    return 0.0


@dataclass
class AppServices:
    """What an application provides to its pages."""

    signer: Signs
    templates: TemplateLoader | None = None
    debug: bool = False
    messages: Mapping[str, str] = field(default_factory=lambda: MESSAGES)
    """Texts for invalid input, by pydantic's error type."""
    dependency_overrides: dict[Callable[..., Any], Callable[..., Any]] = field(default_factory=dict)
    hosts: list[Any] = field(default_factory=list)
    """Applications that the pages are installed in; their ``dependency_overrides`` apply as well."""
    guards: tuple[Depends, ...] = ()
    timeout: float | None = 30.0
    """Seconds that an action may take."""
    upload: int | None = None
    """Maximum size in bytes of an uploaded file, unless its parameter sets one."""
    state: int | None = None
    """Maximum size in bytes of a page's state."""
    is_strict: bool = False
    """Whether state that would change in a restart is an error: in debug mode and in tests."""
    around: tuple[Callable[[Request], AbstractAsyncContextManager[Any]], ...] = ()
    """Context managers that are entered around every run of a page."""
    variables: Callable[[Request | None], Mapping[str, Any]] | None = None
    """Returns the variables of the context processors, for every template."""
    identity: Callable[[HTTPConnection], Awaitable[str]] = no_identity
    """Returns the identity of a request's user; "" if there is none."""
    take: Callable[[str, float, int], Awaitable[float]] = no_limit
    """`Store.take`."""
    disconnect: Callable[[object], None] = lambda user: None
    """Closes all open pages of a user."""
    move_to_key: Callable[[Any], AbstractAsyncContextManager[Any]] = nullcontext
    """`Uploads.moved_to_key`."""
    publish: Publish = lambda topic, /, **data: None
    """Publishes a message to all open pages."""
    presence: Presence | None = None
    """The people who have pages open."""

    def overridden(self, dependency: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function to call for a dependency: its override, if there is one."""
        for host in (self, *self.hosts):
            function: Callable[..., Any] | None = getattr(host, "dependency_overrides", {}).get(dependency)
            if function is not None:
                return function
        return dependency


@dataclass(frozen=True)
class Problem:
    """An error that a page shows: its HTTP status, a text for the visitor, and its id in the log."""

    status: int
    message: str = ""
    id: str = ""


class LiveContext:
    """The context of one open page: its address, request and forms, and the services of its application.

    `address` is the page's absolute URL as the browser knows it, without the hash; navigation changes it.
    `request` is the page's latest HTTP request. `context` names the application, the page class and the
    visitor: references are signed for it, and it changes with the visitor.
    """

    __slots__ = (
        "services",
        "_page",
        "page_class",
        "request",
        "forms",
        "head",
        "root_path",
        "context",
        "former_context",
        "error_is_shown",
        "is_raw",
        "skips_guards",
        "problem",
        "effects",
        "reads",
        "kept",
        "flashes",
        "restored_flashes",
        "background",
        "deferred",
        "declares_presence",
        "has_listeners",
        "attending",
        "address",
        "path",
        "own_path",
    )

    def __init__(
        self,
        services: AppServices,
        address: str,
        *,
        root_path: str = "",
        request: Request | None = None,
        context: str = "",
    ) -> None:
        self.services = services
        self.root_path = root_path
        """Where the application is mounted: ASGI's ``root_path``."""
        self.context = context
        self.former_context = context
        """The context before its latest change: the browser may still show HTML that was rendered for it."""
        self.request = request
        self.move_to(address)
        self.forms = FormStates()
        self._page: ref[RootComponent] | None = None
        self.page_class: type[RootComponent]
        self.problem: Problem | None = None
        """The value of `error`. Reading it here doesn't count as showing it."""
        self.error_is_shown = False
        """Whether `error` was read since it was set."""
        self.is_raw = False
        """Whether the page is rendered without slots, because the browser moves their markers."""
        self.skips_guards = False
        """Whether the guards don't apply, because this is an error page."""
        self.head: Any = HEAD_PLACEHOLDER
        """The output of ``{{ live.head }}``."""
        self.effects: Effects | None = None
        """The effects of the latest run."""
        self.reads: dict[object, frozenset[str]] = {}
        """Tags that were read by the latest `load` of each component (the key is its record), by the latest
        render (None), and by `kept`.
        """
        self.kept: KeptFields | None = None
        """The fields that outlive the page; None if no page of the application has any."""

        self.flashes: tuple[Flash, ...] = ()
        """Messages for the visitor, kept until the next action or navigation."""
        self.restored_flashes: tuple[Flash, ...] = ()
        """Messages of the snapshot that the page was restored from, until an action is called. If `load`
        flashes one of them again, it isn't added: the visitor sees it already.
        """
        self.deferred: list[Any] = []
        """Deferred values that `load` has created, and that haven't been started."""
        self.declares_presence = False
        """Whether the page, or a component in it, declares visitors present."""
        self.has_listeners = False
        """Whether the page, or a component that is or was in it, listens to messages."""
        self.attending: tuple[Attending, ...] = ()
        """The people whom the page declares present, as of the latest run."""
        self.background: Background | None = None
        """Runs operations of the page, if it is open in a browser with JavaScript."""

    @property
    def page(self) -> RootComponent:
        """The page. This context doesn't keep it alive, so that there is no circle of references.

        Raise `LookupError` if nothing uses the page any more.
        """
        page = self._page() if self._page is not None else None
        if page is None:
            raise LookupError(f"{self.page_class.__qualname__}: nothing uses this page any more")
        return page

    @page.setter
    def page(self, page: RootComponent) -> None:
        self._page, self.page_class = ref(page), type(page)

    def move_to(self, address: str) -> None:
        """Set the address, and the query of the page's request."""
        parts = urlsplit(address)
        self.address = address
        self.path = parts.path or "/"
        """The path of the address, quoted and with `root_path`."""
        self.own_path = unquote(self.path).removeprefix(self.root_path) or "/"
        """The path within the application, unquoted."""
        if isinstance(self.request, PageRequest):
            self.request.move_to(parts.query)

    def renew(self, request: PageRequest) -> None:
        """Replace the page's request with a newer one, which gets the query of the page's current address."""
        self.request = request
        self.move_to(self.address)

    def has_read(self, who: object, tags: frozenset[str]) -> None:
        """Record the tags that a component's `load`, or the render, has just read."""
        if tags:
            self.reads[who] = tags
        elif self.reads:
            self.reads.pop(who, None)

    async def run(self, function: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Call a function that changes the page, as an operation of its own, and return its result.

        Background tasks must not change a page in any other way. If the function raises, its changes are
        rolled back and the exception is raised here. Raise `LiveError` if the page isn't open, `RuntimeError`
        if called from an operation of the same page.
        """
        if self.background is None:
            raise LiveError("this page isn't open in a browser with JavaScript")
        return await self.background.run(partial(function, *args, **kwargs))

    def later(self, function: Callable[P, Any], seconds: float, /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call a function after some seconds, as an operation of its own, if the page is still open.

        Use this in actions and in `connected`: without a session (in a GET or a form post), nothing is
        called. Raise `TypeError` or `ValueError` unless `seconds` is a finite number.
        """
        check_seconds("later: seconds", max(seconds, 0), or_zero=True)
        if self.background is not None:
            self.background.later(seconds, partial(function, *args, **kwargs))

    def dispatch(self, name: str, detail: Any = None) -> None:
        """Dispatch a DOM event in the page once the running operation has succeeded.

        Without JavaScript this has no effect. Raise `RuntimeError` outside of an operation.
        """
        effects = open_effects()
        if effects is None:
            raise RuntimeError(
                "dispatch() can only be called inside an action or another operation of the page"
            )
        data = to_jsonable_python(detail)
        to_json(data)  # raises for text that isn't valid Unicode
        effects.events += ((name, data),)

    def set_cookie(self, name: str, value: str = "", **options: Unpack[CookieOptions]) -> None:
        """Set a cookie in the browser, over a socket as well. ``request.cookies`` contains it immediately.

        Scripts can't read it unless ``httponly=False``. Raise `ValueError` for an invalid name or value.
        """
        self._cookie_request().set_cookie(name, value, **options)

    def delete_cookie(self, name: str, **options: Unpack[CookieOptions]) -> None:
        """Remove a cookie from the browser. Its path and domain must be the ones it was set with."""
        self._cookie_request().delete_cookie(name, **options)

    def disconnect(self, user: object) -> None:
        """Close all open pages of a user, as `Live.disconnect` does."""
        self.services.disconnect(user)

    def publish(self, topic: str, /, **data: Any) -> None:
        """Run ``@on(topic)`` methods in all open pages, as `Live.publish` does."""
        self.services.publish(topic, **data)

    @property
    def error(self) -> Problem | None:
        """The error of the most recent operation, for templates: ``{% if live.error %}``.

        A page that shows it isn't replaced by the application's error page.
        """
        self.error_is_shown = True
        return self.problem

    @error.setter
    def error(self, error: Problem | None) -> None:
        self.problem, self.error_is_shown = error, False

    @property
    def may_have_changes(self) -> bool:
        """Whether cookies or session values may have been set."""
        return isinstance(self.request, PageRequest) and self.request.may_have_changes

    @property
    def is_request_changed(self) -> bool:
        """Whether cookies or session values were set, so that the response has to carry them."""
        return isinstance(self.request, PageRequest) and self.request.is_changed

    def _cookie_request(self) -> PageRequest:
        if not isinstance(self.request, PageRequest):
            raise RuntimeError("cookies can't be set: this page has no request")
        effects = current_effects.get()
        if effects is not None and effects.is_closed:
            raise RuntimeError(
                "cookies can't be set after the answer has been sent; set them before the action ends"
            )
        return self.request

    async def identity(self, connection: HTTPConnection) -> str:
        """Return the identity of a request's user, as ``Live(identify=)`` does; "" if there is none."""
        return await self.services.identity(connection)

    @property
    def field(self) -> BoundFields:
        """The fields of the component that is being rendered, for controls that set them:
        ``live.field.q``.
        """
        return BoundFields(current_component())

    def macro(self, template: str, name: str) -> Callable[..., Any]:
        """Return a macro of a template. Raise `TypeError` if the application has no templates."""
        if self.services.templates is None:
            raise TypeError("this application has no templates")
        return self.services.templates.macro(template, name)

    @property
    def signer(self) -> Signs:
        return self.services.signer

    @property
    def presence(self) -> Presence | None:
        return self.services.presence

    @property
    def debug(self) -> bool:
        return self.services.debug
