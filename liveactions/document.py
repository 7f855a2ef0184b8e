"""A page as a whole HTML document: what the library adds to what the template rendered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Final

from .actions.handle import HEAD
from .html.head import head_end, is_document
from .template import BODY_MARK, HEAD_MARK, Fragment, has_raw
from .wire import FIELD_ACTION, FIELD_SNAPSHOT, MARK

IN_FORMS: Final = 4096
"""How many bytes of snapshots may stand in a page's forms. With more, a handle is there instead."""
PAGE_FORM: Final = "live"
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
class Surroundings:
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


def document(fragment: Fragment, snapshot: str, around: Surroundings, brief: Callable[[str], str]) -> str:
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
    if HEAD in html:  # the template has said where
        html = html.replace(HEAD_MARK, "").replace(HEAD, HEAD_MARK, 1)
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
    return html.replace(HEAD_MARK, "").replace(BODY_MARK, "").replace(HEAD, "")


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
