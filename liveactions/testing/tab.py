"""A tab of a browser: its address, its history, its document, and navigation."""

from __future__ import annotations

from collections.abc import Sequence
from secrets import token_hex
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlencode, urljoin, urlsplit

from markupsafe import escape

from ..protocol.constants import CALL_REF, FIELD_ACTION, FIELD_SNAPSHOT, HEADER_OPS, NAVIGATE
from .asgi import ORIGIN, EventStream, Header, Reply, Socket
from .controls import (
    MULTIPART,
    File,
    Pair,
    Sending,
    chosen_files,
    elements_of,
    form_fields,
    has_files,
    own_fields,
    own_pairs,
    owner,
    texts,
)
from .conversation import SHOWN_STATUSES, Connection, Conversation, Fetching, Streaming
from .document import Window
from .dom import Element, shown_text
from .failures import Failed, Refusal
from .uploads import Uploads


class SessionClock(Protocol):
    """Records when each session's socket was opened; implemented by `liveactions.testing.clock.Clock`."""

    def begin(self, token: str) -> None: ...


class Network(Protocol):
    """The part of a browser that a tab uses. Cookies are sent with every request."""

    js: bool
    has_socket: bool
    has_stream: bool
    timeout: float

    @property
    def clock(self) -> SessionClock: ...

    def socket(self, path: str) -> Socket: ...
    async def cookies_changed(self, by: Tab) -> None: ...
    async def fetch(self, url: str, parcel: Any) -> Reply: ...
    def stream(self, url: str, parcel: Any) -> EventStream: ...
    async def post(self, url: str, body: bytes, headers: Sequence[Header]) -> Reply: ...
    async def request(self, method: str, url: str, pairs: list[Pair]) -> tuple[str, str, Reply]: ...


class History:
    """Addresses in order: path, query and hash, each with the number of its document."""

    def __init__(self) -> None:
        self._entries: list[tuple[str, int]] = []
        self._at = -1
        """The index of the current entry."""
        self._document = 0

    def load(self, url: str) -> None:
        """Add an entry for a new document, unless the current one has the same address."""
        self._document += 1
        if self._entries and self._entries[self._at][0] == url:
            self.replace(url)
        else:
            self._append(url)

    def push(self, url: str) -> None:
        """Add an entry for the current document."""
        if not self._entries or self._entries[self._at][0] != url:
            self._append(url)

    def replace(self, url: str) -> None:
        """Change the address of the current entry."""
        self._entries[self._at : self._at + 1] = [(url, self._document)]

    def go(self, steps: int) -> tuple[str, bool]:
        """Move by this many entries. Return the address, and whether it belongs to the current document.

        Raise `Refusal` if there is no such entry.
        """
        if not 0 <= self._at + steps < len(self._entries):
            raise Refusal(f"there is no page to go {'back' if steps < 0 else 'forward'} to")
        self._at += steps
        url, document = self._entries[self._at]
        return url, document == self._document

    def _append(self, url: str) -> None:
        self._at += 1
        self._entries[self._at :] = [(url, self._document)]


PAGE_FORM = "live"
"""The form of controls outside of other forms; they aren't reset."""


class Tab:
    """A tab. With JavaScript, a page's operations use its socket; without, its forms are posted."""

    def __init__(self, browser: Network) -> None:
        self.browser = browser
        self.url = "/"
        """Path, query and hash."""
        self.status = 200
        self.window = Window("<!doctype html><title></title>", False)
        self.conversation: Conversation | None = None
        self.name = token_hex(16)
        """The name by which the server keeps fields for this tab."""
        self._history = History()
        self.uploads = Uploads(browser.post)
        self._chosen: list[tuple[str, list[tuple[str, File]]]] = []
        """References of forms, and files that are chosen in them and may be sent at once."""
        self._discarded: list[tuple[str, File]] = []
        self._sendings: list[Sending] = []
        self._leaving: tuple[str, str, list[Pair]] | None = None

    # Navigation

    async def go(self, url: str) -> None:
        """Open an address, as if it was typed."""
        self.load_later("GET", url)
        await self.settle()

    async def reload(self) -> None:
        url = self.url
        await self.go(url)

    async def go_back_or_forward(self, steps: int) -> None:
        """Move in the history, forward or back. Raise `Refusal` if there is no such entry."""
        url, is_here = self._history.go(steps)
        if self.conversation and is_here:
            swaps = _path(self.url) != _path(url)
            self.url = url
            self.conversation.say(NAVIGATE, url, reloads=True, swaps=swaps)
            await self.settle()
        else:
            await self.go(url)

    def load_later(self, method: str, url: str, pairs: list[Pair] | None = None) -> None:
        """Load an address once everything is answered."""
        self._leaving = (method, urljoin(ORIGIN + self.url, url), pairs or [])

    def navigate(self, url: str) -> None:
        """Navigate to another query of the same page, or to another page, over the same connection."""
        assert self.conversation is not None
        old = self.url
        self.moved(url, True)
        self.conversation.say(NAVIGATE, self.url, 1, reloads=True, swaps=_path(old) != _path(self.url))

    def moved(self, url: str, push: bool, keeps_hash: bool = False) -> None:
        """Change the page's address; `keeps_hash` keeps the hash if the path is the same."""
        old, new = urlsplit(self.url), urlsplit(_relative(urljoin(ORIGIN + self.url, url)))
        if keeps_hash and new.path == old.path:
            new = new._replace(fragment=new.fragment or old.fragment)
        self.url = new.geturl()
        if push:
            self._history.push(self.url)
        else:
            self._history.replace(self.url)

    async def settle(self) -> None:
        """Wait until everything that was started has ended, including navigation."""
        if self.conversation:
            try:
                await self._send_files(self.conversation)
                await self.conversation.settle()
            except Failed as failed:
                if failed.status != 422:
                    self.uploads.forget_all()
                raise
            finally:
                self.status = self.conversation.status or self.status
                await self._redeem()
            if self.conversation.is_broken:
                self.conversation.is_broken = False
                raise Failed(shown_text(self.window.root), self.status)
            if self.conversation.redirected_to is not None:
                self.load_later("GET", self.conversation.redirected_to)
            elif self.conversation.is_over and self._leaving is None:
                self.load_later("GET", self.url)
        if self._leaving is not None:
            method, url, pairs = self._leaving
            self._leaving = None
            await self._load(method, url, pairs)

    async def receive_message(self) -> None:
        """Wait for a message that the server sends on its own."""
        assert self.conversation is not None
        await self.conversation.receive_message()
        await self._redeem()
        if self.conversation.is_over:
            await self.settle()  # a browser loads a page again that the server has ended

    async def _send_files(self, conversation: Conversation) -> None:
        """Upload files, then send the operations that use them. Raise `Failed` if the upload fails."""
        path = _path(self.url)
        discarded, self._discarded = self._discarded, []
        for reference, file in discarded:
            await self.uploads.remove(path, reference, conversation.token, file)
        chosen, self._chosen = self._chosen, []
        for reference, files in chosen:
            await self.uploads.send(path, reference, conversation.token, files, only_auto=True)
        sendings, self._sendings = self._sendings, []
        for sending in sendings:
            await self.uploads.send(path, sending.reference, conversation.token, sending.files)
            fields = sending.fields(lambda file: self.uploads.of(file).value)
            conversation.say(CALL_REF, sending.reference, fields, seen=sending.seen, resets=sending.resets)

    async def _redeem(self) -> None:
        """Fetch pending cookies, including those that a push has set."""
        assert self.conversation is not None
        self.conversation.catch_up()
        tickets, self.conversation.tickets = self.conversation.tickets, []
        script = self.window.script()
        if tickets and script is not None:
            path = script[0].removesuffix("socket") + "cookies"
            reply = await self.browser.post(path, " ".join(tickets).encode(), [(HEADER_OPS, "1")])
            if reply.status != 204:
                raise Failed(reply.text, reply.status)
            await self.browser.cookies_changed(self)

    async def rejoin(self) -> None:
        """Connect again with the browser's new cookies: another tab has changed them."""
        if self.conversation:
            await self.conversation.rejoin()
            await self.settle()

    def catch_up(self) -> None:
        """Apply the messages that the server has sent on its own so far."""
        if self.conversation:
            self.conversation.catch_up()

    async def flush(self) -> None:
        """Acknowledge what was shown, and fetch the cookies that came with it."""
        if self.conversation:
            await self.conversation.flush()
            await self._redeem()

    async def close(self) -> None:
        conversation, self.conversation = self.conversation, None
        if conversation:
            await conversation.leave()

    async def _load(self, method: str, url: str, pairs: list[Pair]) -> None:
        await self.close()
        method, url, reply = await self.browser.request(method, url, pairs)
        self.url = _relative(url) if url.startswith(ORIGIN) else url
        self.status = reply.status
        self._history.load(self.url)
        html = reply.text if "html" in reply.header("content-type") else ""
        self.window = Window(html or _plain(reply), self.browser.js)
        again = None if self.browser.js else self.window.refresh()
        if again is not None:
            await self._load("GET", urljoin(url, again), [])
            return
        script = self.window.script() if self.browser.js else None
        if script is not None:
            await self._join(*script)
        refused = method == "POST" and reply.status >= 400 and reply.status not in SHOWN_STATUSES
        if reply.status >= 500 or refused:
            raise Failed(shown_text(self.window.root) or reply.text, reply.status)

    async def _join(self, path: str, snapshot: str) -> None:
        self.url = without_handle(self.url)
        self._history.replace(self.url)
        connection = await self._connect(path)

        async def reopen() -> tuple[Connection, str]:
            return await self._connect(path), self.url.partition("#")[0]

        self.conversation = Conversation(self.window, connection, self.browser.timeout, self.moved, reopen)
        if self.window.names_tab():
            snapshot += f" {self.name}"
        await self.conversation.join(self.url.partition("#")[0], snapshot)
        self.browser.clock.begin(self.conversation.token)
        await self._redeem()

    async def _connect(self, path: str) -> Connection:
        """Return the connection to the page's session: a socket at this path, or what replaces it.

        Raise `Failed` if the socket is rejected.
        """
        if not self.browser.has_socket:
            if self.browser.has_stream:
                return Streaming(lambda: self.url, self.browser.stream)
            return Fetching(lambda: self.url, self.browser.fetch)
        socket = self.browser.socket(path)
        if not await socket.accepted():
            raise Failed(f"the socket {path} was rejected", 403)
        return socket

    # Forms

    def submit(self, form: Element, submitter: Element | None = None) -> None:
        """Submit a form: as an operation if its address contains a reference, otherwise as browsers do."""
        reference = self.reference(form, submitter)
        pairs = form_fields(form, self.window.controls, submitter)
        if reference is None or self.conversation is None:
            self._post(form, submitter, pairs)
            return
        seen = self.window.fields_seen(elements_of(form))
        resets = form.get("id") != PAGE_FORM
        if has_files(pairs):
            self._sendings.append(Sending(reference, own_pairs(pairs), seen, resets))
            return
        self.conversation.say(CALL_REF, reference, own_fields(pairs), seen=seen, resets=resets)

    def chose(self, control: Element) -> None:
        """Plan the files that were chosen in a control, if ``live-entries`` shows them."""
        reference = self.entries_of(control)
        if reference is not None:
            files = chosen_files(control, self.window.controls)
            self._chosen.append((reference, [(control.get("name") or "", file) for file in files]))

    def entries_of(self, control: Element) -> str | None:
        """Return the reference of a control's form if ``live-entries`` shows the files chosen in it."""
        form = owner(control)
        if form is None or self.conversation is None:
            return None
        templates = (one.get("live-entries") for one in form.elements() if one.name == "template")
        return self.reference(form) if control.get("name") in templates else None

    def discard(self, control: Element, file: File) -> None:
        """Remove a file from the server that was taken out of a form with ``live-entries``."""
        reference = self.entries_of(control)
        if reference is not None:
            self._discarded.append((reference, file))

    def _post(self, form: Element, submitter: Element | None, pairs: list[Pair]) -> None:
        action = urljoin(ORIGIN + self.url, form_attribute(form, submitter, "action") or self.url)
        if form_attribute(form, submitter, "method").lower() == "post":
            carries = form_attribute(form, submitter, "enctype").lower() == MULTIPART
            self.load_later("POST", action, pairs if carries else [*texts(pairs)])
        else:
            self.load_later("GET", urljoin(action, "?" + urlencode(texts(pairs))))

    def reference(self, form: Element, submitter: Element | None = None) -> str | None:
        """Return the reference that a form calls."""
        if form_attribute(form, submitter, "method").lower() != "post":
            return None
        fields = (
            element.get("value") for element in elements_of(form) if element.get("name") == FIELD_ACTION
        )
        return self.reference_in(form_attribute(form, submitter, "action"), next(fields, None))

    def reference_in(self, address: str, field: str | None = None) -> str | None:
        """Return the reference in an address of this page; `field` is that of the form that posts to it."""
        url = urlsplit(urljoin(ORIGIN + self.url, address))
        if not url.geturl().startswith(ORIGIN) or unquote(url.path) != unquote(urlsplit(self.url).path):
            return None
        return dict(parse_qsl(url.query, keep_blank_values=True)).get(FIELD_ACTION, field)


def form_attribute(form: Element, submitter: Element | None, name: str) -> str:
    """Return an attribute of a form; the submitter's own takes precedence."""
    own = submitter.get(f"form{name}") if submitter else None
    return own if own is not None else form.get(name) or ""


def without_handle(url: str) -> str:
    """Return an address without the handle of a state."""
    parts = urlsplit(url)
    query = [piece for piece in parts.query.split("&") if not piece.startswith(f"{FIELD_SNAPSHOT}=")]
    return parts._replace(query="&".join(query)).geturl()


def _relative(url: str) -> str:
    return url.removeprefix(ORIGIN) or "/"


def _path(url: str) -> str:
    return urlsplit(url).path


def _plain(reply: Reply) -> str:
    """Return a document that shows a response that isn't HTML, as browsers do."""
    return f"<!doctype html><html><body><pre>{escape(reply.text)}</pre></body></html>"
