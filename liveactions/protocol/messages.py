"""The protocol between a page and its session, field by field.

`liveactions.protocol.op_log` explains how it works.

Messages from the page
----------------------
All messages are JSON text of at most 1 MiB. The first one is the hello, an object with exactly these fields:

====================  ==========================================================================
``v``                 version of the protocol: 1
``url``               path and query of the page
``snapshot``          the snapshot in its HTML, or null; after a space, the name of the tab, if pages
                      keep values for it
``token``             the session's token from an earlier welcome, or null
``rev``               the newest revision applied; -1 asks for the whole page
``op``                the number of the last operation that was sent
====================  ==========================================================================

All others are arrays. *n* is the number of the operation, *rev* the newest revision that the page had applied
when it created the operation. *fields* are flat: name, value, name, value. The value of a file that was
uploaded before is ``{"file": handle}``, or ``{"refused": [name, type, size]}`` if it was rejected. *address*
is the path from the root to a slot: slot numbers and, after that of a list, the item's ordinal.

======================================  ========================================================
``[0, rev]``                            acknowledge a revision; this isn't an operation
``[0, rev, 10, url]``                   the same, and load another page, which the visitor is about
                                        to navigate to; there is no answer
``[n, rev, 0, address, fields, e?]``    call the action in a slot; *e*: details of the event
``[n, rev, 1, ref, fields, e?]``        call a reference
``[n, rev, 2, ref, fields, touched]``   validate the fields whose names are listed last
``[n, rev, 3, url, push?]``             navigate to another query of the same page, or to another
                                        page; push: 1
``[n, rev, 5, called]``                 cancel what is running, as soon as possible: the operation
                                        with this number, or all calls of a reference or of the
                                        action in a slot
``[n, rev, 6, name, arguments]``        call a function of a module, ``shop:add``; an object
``[n, rev, 9]``                         close the page
======================================  ========================================================

Messages to the page
--------------------
The first message is the welcome, an object. Fields that aren't needed are left out.

====================  ==========================================================================
``token``             the session's secret name, for the next hello
``rev``               the page's revision from now on
``ack``               operations up to this one have ended
``answers``           how they ended, as in a frame
``migrated``          1: the session was rebuilt; all operations above `ack` are sent again
``rebuilt``           1: the same, but those that its worker may have run end as uncertain
``outdated``          1: the page shows an older state, or starts over
``patch`` ``shapes``  as in a frame
``extras``            extras that the page hasn't acknowledged
====================  ==========================================================================

All others are frames, ``[rev, ack, patch, answers, shapes, extras]``, without empty parts at the end.

====================  ==========================================================================
``rev``               the revision that `patch` leads to: the next one, or the same without a patch
``ack``               operations up to this one have ended; those without an answer successfully,
                      with the result null
``patch``             what has changed (`liveactions.diff`): slot, change, slot, change ...;
                      or ``{"page": html}``
``answers``           flat: n, status, payload. The status is 0 ok (the result), 1 error
                      (``{"error", "errors", "status", "id"?,
                      "retry_after"?}``, in debug mode with ``details``,
                      the traceback, and perhaps ``template``, ``{"name", "line",
                      "column", "excerpt"}``, the column from 1, or 0 if it is unknown),
                      2 uncertain, 3 redirect (``{"url", "replace"?, "external"?}``),
                      4 running (the operation runs concurrently; its final answer comes later),
                      5 ok, but the form keeps its fields
``shapes``            flat: id, html; the shapes that this patch is the first to use on this
                      connection. ``[html]`` for the content of the element around it, ``<svg>``
``extras``            anything else that the page has to do. A frame with extras is a new revision,
                      even if its patch is empty. ``cookies``: tickets, posted to
                      ``<mount>/_live/cookies`` (as the body, with ``Live-Ops: 1``) before the
                      frame is applied; ``url``: ``[path?query, push]``, the page's new address;
                      ``events``: ``[[name, detail], ...]``, DOM events to dispatch
====================  ==========================================================================

Patches
-------
A patch is flat: slot, change, slot, change ... Slots are identified by their numbers. The form of a change
depends on the kind of slot.

====================  ==========================================================================
an attribute          its value; null: it is removed
names in a tag        name, value, name, value ...; a null value: it is removed
a child               text; ``{"a": text, "b"?: units}``: text to add at the end, or before this many
                      units of UTF-16 at the end; raw HTML, as below; ``{"f": fragment}``; an array:
                      a patch of the current fragment
a list                ``{"l": [fragment, ...]}``; ``[ordinal, patch, ...]``; ``[edits, ordinal, patch, ...]``,
                      where an edit is an ordinal to remove, or ``[ordinal, before]`` and, if the
                      item is new, its fragment; *before*: an ordinal, or -1 for the end
====================  ==========================================================================

A fragment is an array: the number of its shape, and the values of its slots.

*Raw HTML* is a string on the server. It changes in these ways:

====================  ==========================================================================
``{"h": html}``       the whole new string
``{"s": splices}``    flat, in units of UTF-16: how many stay; how many are removed, if any; the
                      replacement, if any: text, or ``[from, length]`` for a part of the old string,
                      or ``[]`` for the previous text again; and so on. The rest stays
``"c"``               beside "s": ``[length, sum]`` of the old string, in units of UTF-16, and the
                      Adler-32 of its UTF-8
``"e"``, ``"d"``      beside "s": the nodes that the splices change, and a digest of their position
====================  ==========================================================================

However the change is encoded, the page applies the difference between the nodes that a parser creates from
the two strings: equal nodes stay, together with what the visitor or scripts have done to them. The old string
is the one that was last sent or spliced. For a slot of the initial HTML, it is the slot's initial nodes,
serialized; the first splices of such a slot include "c". If it doesn't match, the page asks for everything (a
hello with ``rev`` -1), and from then on the first change of each slot comes as "h". (The server also sends
"h" if it knows that its string is serialized differently; the page still compares the nodes.) Fields named
``_s`` belong to the page, and are never part of the server's string.

For strings of more than 32 kB, "e" lists the nodes to change, so that nothing else has to be parsed:

===============================================  ===============================================
``[path, [name, value, ...]]``                   attributes of an element: null for a removed one
``[path, first, count, from, length, start,      children of an element, *count* from the *first* one
size]``                                          on, written as *length* units of the old string
                                                 at *from*: they become the *size* units of the new
                                                 string at *start*, parsed as content of that
                                                 element
``[path, first, count, path, before]``           children that move in front of another node
===============================================  ===============================================

A path leads from the slot, by positions among all child nodes (including text and comments), to an element;
``[]`` is the slot itself. All paths and positions are those before the change. "d" is the Adler-32 of all
elements on the paths, one path after the other: for each element, starting with the slot, its name in lower
case (empty for the slot), a space, the number of its child nodes, and ";". If a page computes another digest,
because a script has added nodes or its parser has read the HTML differently, it uses the splices.

A redirect that comes with ``{"page": html}`` includes the target page, over the same connection: the client
only updates the address, the history and the scroll position. An operation 3 that names another page of the
application is answered with ok, and ``{"page": html}``. Without a page patch, the browser loads the address.

By fetch, the page posts ``{"hello": hello, "ops": [op, ...]}`` to its own address with the header
``Live-Ops: 1``, and gets ``{"welcome": welcome, "frames": [frame, ...]}``. If it accepts
``text/event-stream``, it gets the welcome and the frames as server-sent events instead, over a response
that stays open for what is pushed. While this stream is open, posts are answered with 204, and their frames
come over the stream. The event ``close`` has a close code as its data.

A message that doesn't match this description is rejected with a close code of
`liveactions.protocol.constants`: the connection is closed, and nothing in the message takes effect.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

from pydantic_core import from_json

from ..config import Limits
from ..encoding import write_json
from ..exceptions import ProtocolError
from ..types import Failed, Ok, Outcome, RedirectTo, Streaming
from .constants import (
    BYE,
    CALL_FUNCTION,
    CALL_REF,
    CALL_SLOT,
    CANCEL,
    CLOSE_LIMIT,
    CLOSE_VERSION,
    ERROR,
    NAVIGATE,
    OK,
    OK_KEEP_FORM,
    PREFETCH,
    REDIRECT,
    RUNNING,
    UNCERTAIN,
    VALIDATE,
    VERSION,
)

MAX_DEPTH: Final = 32
"""Maximum nesting of arrays and objects in a message."""
MAX_NUMBER: Final = 2**53
"""Numbers in a message must be less than this."""
Change: TypeAlias = list[Any] | dict[str, Any]
"""A patch as data."""
Fields: TypeAlias = list[Any]
"""Name, value, name, value; an uploaded file is ``{"file": handle}`` or ``{"refused": …}``."""


class Hello(NamedTuple):
    url: str
    snapshot: str | None
    """The snapshot in the page's HTML, or its handle."""
    token: str | None
    rev: int
    op: int
    tab: str = ""
    """The name of the browser's tab, if a page keeps values for it. It isn't a field of the message: the
    client appends it to the snapshot, after a space, so that its core needs no code for it
    (`js/src/lazy/tab.js`).
    """


class Acknowledgement(NamedTuple):
    rev: int
    prefetch: str | None = None
    """The address of a page to prefetch."""


class CallSlot(NamedTuple):
    n: int
    rev: int
    address: list[int]
    fields: Fields
    event: dict[str, Any] | None = None


class CallReference(NamedTuple):
    n: int
    rev: int
    reference: str
    fields: Fields
    event: dict[str, Any] | None = None


class Validate(NamedTuple):
    n: int
    rev: int
    reference: str
    fields: Fields
    touched: list[str]


class Navigate(NamedTuple):
    n: int
    rev: int
    url: str
    push: bool = False


class CallFunction(NamedTuple):
    n: int
    rev: int
    name: str
    arguments: dict[str, Any]


class Cancel(NamedTuple):
    n: int
    rev: int
    called: int | str | list[int]


class Bye(NamedTuple):
    n: int
    rev: int


Call: TypeAlias = CallSlot | CallReference | CallFunction
Act: TypeAlias = Call | Validate
"""An operation that names an action."""
Op: TypeAlias = Act | Navigate | Cancel | Bye


def read(text: str | bytes | None, limits: Limits) -> Any:
    """Return the data of a message. Raise `ProtocolError` if it isn't text, too long, or invalid JSON."""
    if not isinstance(text, str):
        raise ProtocolError("messages must be text")
    if len(text) > limits.frame or (not text.isascii() and len(text.encode(errors="replace")) > limits.frame):
        raise ProtocolError(f"messages are limited to {limits.frame} bytes", CLOSE_LIMIT)
    try:
        return parse(text)
    except ValueError:
        raise ProtocolError("invalid JSON") from None


def parse(text: str) -> Any:
    """Parse JSON from a browser. Lone surrogates, which visitors can type, are replaced.

    Raise `ValueError` for invalid JSON, and for JSON that is nested hundreds of levels deep.
    """
    try:
        return _parsed(text)
    except ValueError:
        return _parsed(_ESCAPE.sub(lambda found: r"\ufffd" if found[1] else found[0], text))


_parsed: Final = partial(from_json, allow_inf_nan=False)
_ESCAPE: Final = re.compile(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)")
"""An escape in JSON; the group matches a lone surrogate."""


def read_hello(data: Any) -> Hello:
    """Return the hello in `data`. Raise `ProtocolError` if it isn't one."""
    require(type(data) is dict, "expected a hello")
    if data.get("v") != VERSION or type(data["v"]) is not int:
        raise ProtocolError(f"unsupported protocol version; expected {VERSION}", CLOSE_VERSION)
    require(data.keys() <= _HELLO.keys(), "unknown fields in hello")
    for name, kinds in _HELLO.items():
        require(type(data.get(name)) in kinds, f"invalid {name} in hello")
    require(-1 <= data["rev"] < MAX_NUMBER and 0 <= data["op"] < MAX_NUMBER, "invalid numbers in hello")
    snapshot, _, tab = (data.get("snapshot") or "").partition(" ")
    return Hello(data["url"], snapshot or None, data.get("token"), data["rev"], data["op"], tab)


_HELLO: Final[dict[str, tuple[type, ...]]] = {
    "v": (int,),
    "url": (str,),
    "snapshot": (str, type(None)),
    "token": (str, type(None)),
    "rev": (int,),
    "op": (int,),
}


def read_op(data: Any, limits: Limits) -> Op | Acknowledgement:
    """Return the operation or acknowledgement in `data`. Raise `ProtocolError` if it is neither."""
    if type(data) is not list or len(data) < 2:
        raise ProtocolError("expected an op or an acknowledgement")
    n, rev, *parts = data
    if type(n) is not int or not 0 <= n < MAX_NUMBER:
        raise ProtocolError("invalid op number")
    if type(rev) is not int or not -1 <= rev < MAX_NUMBER:
        raise ProtocolError("invalid revision")
    if n == 0:
        if not parts:
            return Acknowledgement(rev)
        is_prefetch = len(parts) == 2 and type(parts[0]) is int and parts[0] == PREFETCH
        require(is_prefetch and type(parts[1]) is str, "op number 0")
        return Acknowledgement(rev, parts[1])
    kind = parts[0] if parts else None
    reader = _READERS.get(kind) if type(kind) is int else None
    if reader is None:
        raise ProtocolError("unknown op")
    return reader(n, rev, parts[1:], limits)


def _read_call_slot(n: int, rev: int, parts: list[Any], limits: Limits) -> CallSlot:
    require(2 <= len(parts) <= 3, "a call needs an address and fields")
    return CallSlot(
        n, rev, _address(parts[0]), _fields(parts[1], limits), _event(parts[2]) if len(parts) == 3 else None
    )


def _read_call_reference(n: int, rev: int, parts: list[Any], limits: Limits) -> CallReference:
    if not 2 <= len(parts) <= 3 or type(parts[0]) is not str:
        raise ProtocolError("a call needs a reference and fields")
    return CallReference(
        n, rev, parts[0], _fields(parts[1], limits), _event(parts[2]) if len(parts) == 3 else None
    )


def _event(event: Any) -> dict[str, Any] | None:
    """Return the details of the event that made a call."""
    if event is not None:
        require(type(event) is dict and _depth(event) < MAX_DEPTH, "invalid event")
    return event  # type: ignore[no-any-return]


def _read_validate(n: int, rev: int, parts: list[Any], limits: Limits) -> Validate:
    require(len(parts) == 3 and type(parts[0]) is str, "validation needs a reference, fields and names")
    return Validate(n, rev, parts[0], _fields(parts[1], limits), _texts(parts[2], limits))


def _read_navigate(n: int, rev: int, parts: list[Any], limits: Limits) -> Navigate:
    require(1 <= len(parts) <= 2 and type(parts[0]) is str, "navigation needs an address")
    push = parts[1] if len(parts) == 2 else 0
    require(type(push) is int and push in (0, 1), "invalid history mode")
    return Navigate(n, rev, parts[0], bool(push))


def _read_call_function(n: int, rev: int, parts: list[Any], limits: Limits) -> CallFunction:
    require(len(parts) == 2 and type(parts[0]) is str, "a call needs a name and arguments")
    require(type(parts[1]) is dict and _depth(parts[1]) < MAX_DEPTH, "invalid arguments")
    return CallFunction(n, rev, parts[0], parts[1])


def _read_cancel(n: int, rev: int, parts: list[Any], limits: Limits) -> Cancel:
    require(len(parts) == 1 and type(parts[0]) in (int, str, list), "invalid op to cancel")
    return Cancel(n, rev, _address(parts[0]) if type(parts[0]) is list else parts[0])


def _read_bye(n: int, rev: int, parts: list[Any], limits: Limits) -> Bye:
    require(not parts, "unexpected fields in bye")
    return Bye(n, rev)


_READERS: Final[dict[int, Callable[[int, int, list[Any], Limits], Op]]] = {
    CALL_SLOT: _read_call_slot,
    CALL_REF: _read_call_reference,
    VALIDATE: _read_validate,
    NAVIGATE: _read_navigate,
    CALL_FUNCTION: _read_call_function,
    CANCEL: _read_cancel,
    BYE: _read_bye,
}


def _address(value: Any) -> list[int]:
    require(type(value) is list and 0 < len(value) <= 2 * MAX_DEPTH, "invalid address")
    for step in value:
        require(type(step) is int and 0 <= step < MAX_NUMBER, "invalid address")
    return value  # type: ignore[no-any-return]


def _texts(value: Any, limits: Limits) -> list[str]:
    require(type(value) is list and len(value) <= 2 * limits.fields, "invalid list of strings")
    for text in value:
        require(type(text) is str, "invalid list of strings")
    return value  # type: ignore[no-any-return]


def _fields(value: Any, limits: Limits) -> Fields:
    if type(value) is not list or len(value) > 2 * limits.fields:
        raise ProtocolError("invalid list of fields")
    if len(value) % 2:
        raise ProtocolError("a field without a value")
    for index, part in enumerate(value):
        if type(part) is str:
            if index % 2 == 0 and len(part) > limits.name:
                raise ProtocolError("field name too long")
        else:
            require(index % 2 == 1 and type(part) is dict and len(part) == 1, "invalid field")
            require(type(part.get("file")) is str or _is_refused(part.get("refused")), "invalid file")
    return value


def _is_refused(value: Any) -> bool:
    """Return whether a value describes a rejected file: its name, media type and size."""
    return type(value) is list and [type(part) for part in value] == [str, str, int]


def _depth(value: Any) -> int:
    """Return how deeply `value` is nested; the parser has limited it."""
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def require(condition: bool, message: str) -> None:
    """Raise `ProtocolError` with this message unless the condition holds."""
    if not condition:
        raise ProtocolError(message)


def answer(outcome: Outcome) -> tuple[int, Any]:
    """Return the status and the payload of an answer, as in a frame's ``answers``."""
    if isinstance(outcome, Ok):
        return OK_KEEP_FORM if outcome.keep_form else OK, outcome.result
    if isinstance(outcome, Failed):
        return ERROR, error_payload(outcome)
    if isinstance(outcome, RedirectTo):
        return REDIRECT, redirect_payload(outcome)
    return RUNNING if isinstance(outcome, Streaming) else UNCERTAIN, None


def error_payload(failed: Failed) -> dict[str, Any]:
    """Return the data of a failure, for the socket and for HTTP."""
    payload: dict[str, Any] = {
        "error": failed.message,
        "errors": dict(failed.errors),
        "status": failed.status,
    }
    if failed.id:
        payload["id"] = failed.id
    seconds = dict(failed.headers).get("retry-after", "") if failed.headers else ""
    if seconds.isdigit():
        payload["retry_after"] = int(seconds)
    debug = failed.debug
    if debug is not None:
        payload["details"] = debug.traceback
        if debug.excerpt is not None:
            name, line, lines, column = debug.excerpt
            payload["template"] = {"name": name, "line": line, "column": column, "excerpt": lines}
    return payload


def redirect_payload(redirect: RedirectTo) -> dict[str, Any]:
    """Return the data of a redirect, for the socket and for HTTP."""
    payload: dict[str, Any] = {"url": redirect.url}
    if redirect.replace:
        payload["replace"] = True
    if redirect.external:
        payload["external"] = True
    if redirect.status != 200:
        payload["status"] = redirect.status
    return payload


def write(message: Any) -> str:
    """Return a welcome or frame as text."""
    return write_json(message).decode()
