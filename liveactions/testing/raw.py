"""Raw HTML in a slot: the server's string, and how the page follows when it changes.

Nodes that are the same stay the same objects, so that what a person did to them stays as well.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any
from zlib import adler32

from ..wire import FIELD_SNAPSHOT
from .canonical import canonical
from .dom import RAW_TEXT, VOID, Comment, Element, Node, Text
from .misfit import Address, misfit


def spliced(old: str, parts: Any, at: Address) -> str:
    """The string that splices make of the one before."""
    if not isinstance(parts, list) or not parts:
        misfit(f"{parts!r} are no splices", at)
    units = old.encode("utf-16-le", "surrogatepass")
    out: list[bytes] = []
    position, last = 0, b""

    def part(start: Any, length: Any) -> bytes:
        if not _is_count(start) or not _is_count(length) or 2 * (start + length) > len(units):
            misfit(f"{length!r} units from {start!r} on are beyond the end", at)
        return units[2 * start : 2 * (start + length)]

    rest = list(parts)
    while rest:
        out.append(part(position, rest[0]))
        position += rest.pop(0)
        if not rest:
            misfit(f"{parts!r} end with what stays", at)
        if _is_count(rest[0]):
            part(position, rest[0])
            position += rest.pop(0)
        if rest and not _is_count(rest[0]):
            match rest.pop(0):
                case str(text):
                    last = text.encode("utf-16-le", "surrogatepass")
                    out.append(last)
                case []:
                    out.append(last)
                case [start, length]:
                    out.append(part(start, length))
                case other:
                    misfit(f"{other!r} is no text", at)
    return b"".join([*out, units[2 * position :]]).decode("utf-16-le", "surrogatepass")


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def checked(old: str, check: Any, at: Address) -> str:
    """The string before, if that is what the server has."""
    own = [len(old.encode("utf-16-le", "surrogatepass")) // 2, adler32(old.encode())]
    if check != own:
        misfit(f"its string has the check {own}, not {check!r}", at)
    return old


def serialised(nodes: Sequence[Node]) -> str:
    """Nodes as browsers write them."""
    return "".join(map(_serialised, nodes))


def _serialised(node: Node) -> str:
    if isinstance(node, Text):
        is_raw = node.parent is not None and node.parent.name in RAW_TEXT
        return node.data if is_raw else _escaped(node.data).replace("<", "&lt;").replace(">", "&gt;")
    if isinstance(node, Comment):
        return f"<!--{node.data}-->"
    assert isinstance(node, Element)
    attributes = "".join(
        f' {name}="{_escaped(value).replace(chr(34), "&quot;")}"' for name, value in node.attributes.items()
    )
    end = "" if node.name in VOID else f"{serialised(node.children)}</{node.name}>"
    return f"<{node.name}{attributes}>{end}"


def _escaped(data: str) -> str:
    return data.replace("&", "&amp;").replace("\xa0", "&nbsp;")


def follow(live: Sequence[Node], old: Sequence[Node], new: Sequence[Node]) -> list[Node]:
    """What stands there from now on: `live` nodes, changed as `old` and `new` differ, and those of `new`."""
    if len(live) != len(old):  # what is there isn't what the server rendered: a person's page has its own
        old = live
    there = dict(zip(old, live, strict=True))
    partners = _partners(old, new)
    return [
        _followed(there[partners[node]], partners[node], node) if node in partners else node for node in new
    ]


def _partners(old: Sequence[Node], new: Sequence[Node]) -> dict[Node, Node]:
    """For new nodes the old ones that they are: of one key, else the same, else of one name, in order."""
    found: dict[Node, Node] = {}
    for sign in (_key, canonical, _name):
        taken = set(found.values())
        left: dict[str, deque[Node]] = defaultdict(deque)
        for node in old:
            if node not in taken and (sign is _key or not _key(node)):
                left[sign(node)].append(node)
        for node in new:
            if node not in found and left[sign(node)] and sign(node) and (sign is _key or not _key(node)):
                found[node] = left[sign(node)].popleft()
    return found


def _key(node: Node) -> str:
    if not isinstance(node, Element):
        return ""
    key = node.get("data-key") or node.get("id")
    return f"{node.name} {key}" if key else ""


def _name(node: Node) -> str:
    return node.name if isinstance(node, Element) else type(node).__name__


def _followed(live: Node, old: Node, new: Node) -> Node:
    match live, old, new:
        case Text() | Comment(), _, Text() | Comment():
            live.data = new.data
        case Element(), Element(), Element():
            for name in {**old.attributes, **new.attributes}:
                if old.get(name) != new.get(name):
                    live.set(name, new.get(name))
            own = [node for node in live.children if _is_pages_own(node)]
            children = [node for node in live.children if node not in own]
            kept = follow(children, list(old.children), list(new.children))
            live.clear()
            for node in [*own, *kept]:
                live.insert(node)
    return live


def _is_pages_own(node: Node) -> bool:
    return isinstance(node, Element) and node.name == "input" and node.get("name") == FIELD_SNAPSHOT
