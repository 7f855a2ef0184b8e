"""A page as a whole HTML document: what the library adds to what the template rendered.

That is the client's script, served under a name that changes with its content, the page's state, and the
controls that a button without a form needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from ..html.tokenizer import head_end, is_document
from ..protocol.constants import FIELD_ACTION, FIELD_SNAPSHOT, MARK
from ..templates import BODY_MARK, FORM_STATE, HEAD_MARK, Fragment, Reference, has_raw, pure
from .handle import HEAD_PLACEHOLDER

FOLDER = Path(__file__).parents[1] / "static"
DIGEST = 10
"""Hex digits of the SHA-256 in a file's name; js/build.mjs says the same."""
CACHE_FOREVER = "public, max-age=31536000, immutable"
STABLE_NAMES = frozenset({"hooks.js"})
"""Files that scripts of the application import, under names that stay the same."""


class Assets:
    """The files of the client by the name that has their digest in it: ``client.0a1b2c3d4e.js``."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    @cached_property
    def _files(self) -> dict[str, bytes]:
        """Contents by name, read once: what a page names is what is served."""
        contents = {path.stem: path.read_bytes() for path in self._folder.glob("*.js")}
        return {f"{stem}.{sha256(data).hexdigest()[:DIGEST]}.js": data for stem, data in contents.items()}

    @cached_property
    def _names(self) -> dict[str, str]:
        return {name.partition(".")[0]: name for name in self._files}

    def name(self, stem: str) -> str:
        """The name under which a file is served: `KeyError` when there is none."""
        return self._names[stem]

    async def respond(self, request: Request) -> Response:
        asked = request.path_params["name"]
        name = self._names[asked.removesuffix(".js")] if asked in STABLE_NAMES else asked
        content = self._files.get(name)
        if content is None:
            return Response("Not found", 404, media_type="text/plain")
        caching = "no-cache" if asked in STABLE_NAMES else CACHE_FOREVER
        headers = {"Cache-Control": caching, "ETag": f'"{name}"', "X-Content-Type-Options": "nosniff"}
        if Headers(scope=request.scope).get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type="text/javascript", headers=headers)


PAGE_FORM = "live"
"""Id of the form at the beginning of each page's body, for controls that stand in no form."""


@pure
def button(action: Reference, label: Any, /, **attributes: Any) -> Markup:
    """A button that calls an action without a form around it, with JavaScript and without.

    ``{{ button(remove(todo.id), "Delete", class_="small", data_id=7) }}``: an underscore in an attribute's
    name stands for a hyphen, one at its end for nothing. True writes the name alone; False and None nothing.
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


def form_state() -> Markup:
    """The field that brings a page's state along, for a form whose address the template writes itself."""
    return Markup(FORM_STATE)


NAMES: Final = {"button": button, "form_state": form_state}
"""What templates know them by, unless the application has other things of these names."""
IN_FORMS: Final = 4096
"""How many bytes of snapshots may stand in a page's forms. With more, a handle is there instead."""
"""The id of the page-level form."""
_SUBMITTER: Final = re.compile(
    r"<(?:button|input)\b(?=[^>]*\sform(?:action|method)=)(?:\"[^\"]*\"|'[^']*'|[^\"'>])*>", re.IGNORECASE
)
_ATTRIBUTE: Final = re.compile(r"([^\s\"'/=>]+)=(?:[\"']([^\"']*)|([^\s>\"']+))")
_CALLING: Final = re.compile(
    rf'(\sformaction="[^"]*[?&;]{FIELD_ACTION}=[^"]*)("[^>]*\s{MARK}="[^"]*formaction)'
)
"""A button of a template that calls an action of its own."""


@dataclass(frozen=True, slots=True)
class PageAssets:
    """What a page's HTML says of its server: paths as the browser sees them."""

    script: str
    socket: str
    path: str
    """The page's own, which posts go to."""
    events: bool = False
    """Whether an action wants to know of the events that call it."""
    debug: str = ""
    """In debug mode: the script that shows what goes wrong."""


def hidden_field(snapshot: str) -> str:
    """The first field of each form."""
    return f'<input type="hidden" name="{FIELD_SNAPSHOT}" value="{escape(snapshot)}">'


def document(fragment: Fragment, snapshot: str, around: PageAssets, brief: Callable[[str], str]) -> str:
    """The HTML of a page: its template's, the client's script, the state, and the page-level form.

    A template that is no whole document is made one: what can only stand in a head goes there. `brief`
    gives a handle for the snapshot, for a page of many forms.
    """
    hidden = hidden_field(snapshot)
    html = fragment.html(hidden)
    outer = list(_leading_elsewhere(html, around.path))
    if html.count(hidden) * len(hidden) > IN_FORMS or outer:
        html = _in_addresses(html, hidden, brief(snapshot))
    head = (
        f'<script type="module" src="{escape(around.script)}" data-live="{escape(around.socket)}"'
        f' data-snapshot="{escape(snapshot)}"{" data-events" if around.events else ""}'
        f"{' live-raw' if has_raw(fragment) else ''}></script>"
    )
    if around.debug:
        head += f'<script type="module" src="{escape(around.debug)}"></script>'
    # Controls all over the page belong to this form. Enter in one of them presses its first submit
    # button, which is this one, and does nothing.
    body = (
        f'<form id="{PAGE_FORM}" method="post" action="{escape(around.path)}">'
        f"<button disabled hidden></button>{hidden if PAGE_FORM not in outer else ''}</form>"
    )
    if HEAD_PLACEHOLDER in html:  # the template has said where
        html = html.replace(HEAD_MARK, "").replace(HEAD_PLACEHOLDER, HEAD_MARK, 1)
    if HEAD_MARK not in html:
        html = _with_head(html) if is_document(html) else _whole(html)
    return html.replace(HEAD_MARK, head, 1).replace(BODY_MARK, body, 1)


def _in_addresses(html: str, hidden: str, handle: str) -> str:
    """Forms whose state is in their addresses: half as long as a field, and nobody else gets it."""
    state = f"&{FIELD_SNAPSHOT}={handle}"
    form = re.compile(rf'({FIELD_ACTION}=[^"]*)(">){re.escape(hidden)}')
    html = _CALLING.sub(rf"\1{state}\2", form.sub(rf"\1{state}\2", html))
    return html.replace(hidden, hidden_field(handle))


def _leading_elsewhere(html: str, path: str) -> Iterator[str]:
    """Buttons that submit their form to somewhere else than this page: the form's id, if they name it."""
    for button in _SUBMITTER.finditer(html):
        attributes = {name.lower(): value or other for name, value, other in _ATTRIBUTE.findall(button[0])}
        method, action = attributes.get("formmethod", "post"), attributes.get("formaction")
        calls = action is None or (action.startswith(f"{escape(path)}?") and f"{FIELD_ACTION}=" in action)
        if method.lower() != "post" or not calls:
            yield attributes.get("form", "")


def standing(fragment: Fragment) -> str:
    """The HTML of a page that stands for itself: without script, state and forms of its own."""
    html = fragment.html("")
    html = html if HEAD_MARK in html or is_document(html) else _whole(html)
    return html.replace(HEAD_MARK, "").replace(BODY_MARK, "").replace(HEAD_PLACEHOLDER, "")


def _with_head(html: str) -> str:
    """A document whose tags of head, perhaps of body, are left out, as HTML allows."""
    if BODY_MARK in html:
        return html.replace(BODY_MARK, HEAD_MARK + BODY_MARK, 1)
    cut = head_end(html)
    return f"{html[:cut]}{HEAD_MARK}{BODY_MARK}{html[cut:]}"


def _whole(html: str) -> str:
    html = html.replace(BODY_MARK, "")
    cut = head_end(html)
    return (
        f'<!doctype html>\n<html>\n<head>\n<meta charset="utf-8">\n{html[:cut].strip()}\n{HEAD_MARK}</head>\n'
        f"<body>{BODY_MARK}\n{html[cut:].strip()}\n</body>\n</html>\n"
    )
