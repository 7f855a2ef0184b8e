"""Creates the complete HTML document of a page, from the output of its template.

The document contains the client's script, whose name changes with its contents; the page's state; and a form
for buttons outside of forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs

from markupsafe import Markup
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from ..html.entities import escape
from ..html.tokenizer import head_end, is_document
from ..protocol.constants import FIELD_ACTION, FIELD_SNAPSHOT, MARK
from ..templates import (
    BODY_MARK,
    COMMANDS_BEGINNING,
    FORM_STATE,
    HEAD_MARK,
    Fragment,
    Reference,
    has_raw,
    js,
    pure,
)
from ..templates.fragments import whole_document
from .live_context import HEAD_PLACEHOLDER

FOLDER = Path(__file__).parents[1] / "static"
DIGEST = 10
"""Hex digits of the SHA-256 in a file's name, or in that of its folder; the same as in js/build.mjs."""
CACHE_FOREVER = "public, max-age=31536000, immutable"
STABLE_NAMES = frozenset({"hooks.js"})
"""Files that the application's scripts import under names that don't change."""


class Assets:
    """The client's files, by names that contain their digest: ``client.0a1b2c3d4e.js``.

    The files of its lazy half import each other, and are served from a folder that is named by the digest of
    them all: ``0a1b2c3d4e/sorting.js``. `more` returns the styles and scripts of components by name.
    """

    def __init__(self, more: Callable[[], Mapping[str, str]] = dict) -> None:
        self._more = more
        self._links: tuple[Mapping[str, str], Mapping[str, bytes]] = {}, {}

    def name(self, stem: str) -> str:
        """Return the name under which a file is served. Raise `KeyError` if there is no such file."""
        return _client().names[stem]

    def links(self, folder: str) -> str:
        """Return the elements for the head that load the styles and scripts of components."""
        files = self._of_components()
        if not files:
            return ""
        return "".join(
            f'<link rel="stylesheet" href="{escape(f"{folder}/{name}")}">'
            if name.endswith(".css")
            else f'<script type="module" src="{escape(f"{folder}/{name}")}"></script>'
            for name in files
        )

    def _of_components(self) -> Mapping[str, bytes]:
        texts = self._more()
        if texts is not self._links[0]:
            hashed = {_hashed(name, text.encode()): text.encode() for name, text in texts.items()}
            self._links = texts, hashed
        return self._links[1]

    async def respond(self, request: Request) -> Response:
        asked = request.path_params["name"]
        name = self.name(asked.removesuffix(".js")) if asked in STABLE_NAMES else asked
        content = _client().contents.get(name) or self._of_components().get(name)
        if content is None:
            return Response("Not found", 404, media_type="text/plain")
        caching = "no-cache" if asked in STABLE_NAMES else CACHE_FOREVER
        headers = {"Cache-Control": caching, "ETag": f'"{name}"', "X-Content-Type-Options": "nosniff"}
        if Headers(scope=request.scope).get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        return Response(content, media_type=kind, headers=headers)


class _Client(NamedTuple):
    """The client's files: their names by stem, and their contents by name."""

    names: dict[str, str]
    contents: dict[str, bytes]


@cache
def _client() -> _Client:
    """Return the client's files. They are read once, so that served files match the names in pages."""
    read = {path: path.read_bytes() for path in sorted(FOLDER.glob("**/*.js"))}
    folder = _digest(b"".join(content for path, content in read.items() if path.parent != FOLDER))
    names = {
        path: _hashed(path.name, content) if path.parent == FOLDER else f"{folder}/{path.name}"
        for path, content in read.items()
    }
    return _Client(
        {path.stem: name for path, name in names.items()},
        {name: read[path] for path, name in names.items()},
    )


def _hashed(name: str, data: bytes) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}.{_digest(data)}.{suffix}"


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:DIGEST]


PAGE_FORM = "live"
"""Id of the form at the beginning of each page's body, for controls outside of forms."""


@pure
def button(action: Reference, label: Any, /, **attributes: Any) -> Markup:
    """Return a button that calls an action without a form around it, with and without JavaScript.

    ``{{ button(remove(todo.id), "Delete", class_="small", data_id=7) }}``: underscores in an attribute's name
    become hyphens, and a trailing one is removed. True writes the name alone; attributes that are False or
    None are omitted.
    """
    pairs = {"form": PAGE_FORM, "formaction": action.here().url(), **attributes}
    return Markup("<button{}>{}</button>").format(_attributes(pairs), label)


def _attributes(pairs: dict[str, Any]) -> Markup:
    written = [(name.rstrip("_").replace("_", "-"), value) for name, value in pairs.items()]
    return Markup("").join(
        Markup(" {}").format(name) if value is True else Markup(' {}="{}"').format(name, value)
        for name, value in written
        if value is not None and value is not False
    )


@pure
def form_state(action: Reference | None = None, /) -> Markup:
    """Return the hidden field with the page's state, for a form whose address the template writes itself.

    With an `action`, a second field names the action that the form calls::

        <form method="post" action="{{ url() }}">{{ form_state(sign_in) }}

    Without JavaScript, the form is posted to the page's address, which the browser also shows with an error.
    The size of such a post is limited by `Limits`, and by its action.
    """
    if action is None:
        return Markup(FORM_STATE)
    [token] = parse_qs(action.here().url().partition("?")[2])[FIELD_ACTION]
    return Markup('{}<input type="hidden" name="{}" value="{}">').format(
        Markup(FORM_STATE), FIELD_ACTION, token
    )


NAMES: Final = {"button": button, "form_state": form_state, "js": js}
"""Template globals, unless the application defines these names itself."""
IN_FORMS: Final = 4096
"""Maximum size of all snapshots in the forms of a page, in bytes. Beyond that, forms contain a handle."""
_SUBMITTER: Final = re.compile(
    r"<(?:button|input)\b(?=[^>]*\sform(?:action|method)=)(?:\"[^\"]*\"|'[^']*'|[^\"'>])*>", re.IGNORECASE
)
_ATTRIBUTE: Final = re.compile(r"([^\s\"'/=>]+)=(?:[\"']([^\"']*)|([^\s>\"']+))")
_CALLING: Final = re.compile(
    rf'(\sformaction="[^"]*[?&;]{FIELD_ACTION}=[^"]*)("[^>]*\s{MARK}="[^"]*formaction)'
)
"""A button in a template that calls an action of its own."""


@dataclass(frozen=True)
class PageAssets:
    """The paths and settings of the application in the HTML of its pages. Paths are those that the browser
    requests.
    """

    script: str
    lazy: str
    """The rest of the client, which its script loads when a page needs it."""
    socket: str
    events: bool = False
    """Whether an action has a parameter for the event that calls it."""
    debug: str = ""
    """In debug mode, the script that displays errors and the panel."""
    tab: str = ""
    """The script that gives the tab a name, if pages have `InTab` fields."""
    components: str = ""
    """Elements that load the styles and scripts of components."""

    @cached_property
    def scripts(self) -> str:
        """The tags of the scripts, up to the value of the snapshot; first those that the client needs."""
        first = "".join(
            f'<script type="module" src="{escape(path)}"></script>' for path in (self.debug, self.tab) if path
        )
        return (
            f'{first}<script type="module" src="{escape(self.script)}" data-live="{escape(self.socket)}"'
            ' data-snapshot="'
        )

    @cached_property
    def commands(self) -> str:
        """The tags that load what runs client commands, all of it at once: one file imports the other."""
        folder, _, _ = self.lazy.rpartition("/")
        paths = (self.lazy, f"{folder}/commands.js")
        return "".join(f'<link rel="modulepreload" href="{escape(path)}">' for path in paths)


def hidden_field(snapshot: str) -> str:
    """Return the first field of each form, with the page's state."""
    return f'<input type="hidden" name="{FIELD_SNAPSHOT}" value="{escape(snapshot)}">'


def document(
    fragment: Fragment,
    snapshot: str,
    assets: PageAssets,
    path: str,
    brief: Callable[[str], str],
    without_script: str = "",
) -> str:
    """Return the HTML of a page: the template's, the client's script, the state, and the page-level form.

    If the template isn't a complete document, it is wrapped in one, and elements that are only allowed in a
    head are moved there. Forms are posted to `path`, that of the page as the browser sees it. `brief` returns
    a handle for a snapshot; it is used if the page has many forms. `without_script` is the address that
    browsers without JavaScript load instead, if there is one.
    """
    hidden = hidden_field(snapshot)
    html = fragment.html(hidden)
    outer = list(_forms_sent_elsewhere(html, path))
    if outer or (len(html) > IN_FORMS and html.count(hidden) * len(hidden) > IN_FORMS):
        html = _move_state_to_addresses(html, hidden, brief(snapshot))
    head = (
        f'{assets.scripts}{escape(snapshot)}"{" data-events" if assets.events else ""}'
        f"{' live-raw' if has_raw(fragment) else ''}></script>{assets.components}"
    )
    if COMMANDS_BEGINNING in html:
        head += assets.commands
    if without_script:
        head += f'<noscript><meta http-equiv="refresh" content="0; url={escape(without_script)}"></noscript>'
    # Controls outside of forms belong to this form. Enter in one of them presses the form's first submit
    # button, which is this one and does nothing. It isn't a `button`, because scripts may look for the first
    # one. The hidden element is around the form, because style sheets may have rules for `form` and `button`
    # that would show these.
    body = (
        f'<live-form hidden><form id="{PAGE_FORM}" method="post" action="{escape(path)}">'
        f'<input type="submit" disabled>{hidden if PAGE_FORM not in outer else ""}</form></live-form>'
    )
    if HEAD_PLACEHOLDER in html:  # the template chose the position
        html = html.replace(HEAD_MARK, "").replace(HEAD_PLACEHOLDER, HEAD_MARK, 1)
    if HEAD_MARK not in html:
        html = _with_head(html) if is_document(html) else _wrap(html)
    return html.replace(HEAD_MARK, head, 1).replace(BODY_MARK, body, 1)


def _move_state_to_addresses(html: str, hidden: str, handle: str) -> str:
    """Move the state of forms into their addresses: half as long as a field, and sent only to this page."""
    state = f"&{FIELD_SNAPSHOT}={handle}"
    form = re.compile(rf'({FIELD_ACTION}=[^"]*)(">){re.escape(hidden)}')
    html = _CALLING.sub(rf"\1{state}\2", form.sub(rf"\1{state}\2", html))
    return html.replace(hidden, hidden_field(handle))


def _forms_sent_elsewhere(html: str, path: str) -> Iterator[str]:
    """Yield the form ids (or "") of the buttons that submit their form to another address than the page's."""
    lowered = html.encode(errors="replace").lower()  # scanning bytes takes a hundredth of the time
    if b"formaction" not in lowered and b"formmethod" not in lowered:
        return
    for button in _SUBMITTER.finditer(html):
        attributes = {name.lower(): value or other for name, value, other in _ATTRIBUTE.findall(button[0])}
        method, action = attributes.get("formmethod", "post"), attributes.get("formaction")
        calls = action is None or (action.startswith(f"{escape(path)}?") and f"{FIELD_ACTION}=" in action)
        if method.lower() != "post" or not calls:
            yield attributes.get("form", "")


def standalone_html(fragment: Fragment) -> str:
    """Return the HTML of a page without script, state and the page-level form."""
    html = fragment.html("")
    html = html if HEAD_MARK in html or is_document(html) else _wrap(html)
    return html.replace(HEAD_MARK, "").replace(BODY_MARK, "").replace(HEAD_PLACEHOLDER, "")


def _with_head(html: str) -> str:
    """Insert the marks into a document that omits its head tags, and perhaps its body tags."""
    if BODY_MARK in html:
        return html.replace(BODY_MARK, HEAD_MARK + BODY_MARK, 1)
    cut = head_end(html)
    return f"{html[:cut]}{HEAD_MARK}{BODY_MARK}{html[cut:]}"


def _wrap(html: str) -> str:
    """Return a complete document with HTML that isn't one."""
    html = html.replace(BODY_MARK, "")
    cut = head_end(html)
    return f"{whole_document(html[:cut])}{html[cut:].strip()}\n</body>\n</html>\n"
