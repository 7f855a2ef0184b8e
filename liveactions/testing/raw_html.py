"""Raw HTML in a slot: the server's string, and how the page changes with it.

Equal nodes stay the same objects, together with what a user has done to them. Edit lists are checked against
the strings that they describe.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any
from zlib import adler32

from ..protocol.constants import FIELD_SNAPSHOT
from .dom import RAW_TEXT, VOID, Comment, Element, Node, Text, canonical, parse_fragment
from .failures import Address, mismatch


def spliced(old: str, parts: Any, at: Address) -> str:
    """Apply splices to a string."""
    if not isinstance(parts, list) or not parts:
        mismatch(f"{parts!r} aren't splices", at)
    units = old.encode("utf-16-le", "surrogatepass")
    out: list[bytes] = []
    position, last = 0, b""

    def part(start: Any, length: Any) -> bytes:
        if not _is_count(start) or not _is_count(length) or 2 * (start + length) > len(units):
            mismatch(f"{length!r} units from {start!r} on exceed the string", at)
        return units[2 * start : 2 * (start + length)]

    rest = list(parts)
    while rest:
        out.append(part(position, rest[0]))
        position += rest.pop(0)
        if not rest:
            mismatch(f"{parts!r} end with an unchanged part", at)
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
                    mismatch(f"{other!r} isn't a replacement", at)
    return b"".join([*out, units[2 * position :]]).decode("utf-16-le", "surrogatepass")


def utf16_length(text: str) -> int:
    """Return the length of text in units of UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def checked(old: str, check: Any, at: Address) -> str:
    """Return the previous string. Raise `ProtocolMismatch` if the server's string is a different one."""
    own = [utf16_length(old), adler32(old.encode())]
    if check != own:
        mismatch(f"the checksum of its string is {own}, not {check!r}", at)
    return old


def serialised(nodes: Sequence[Node]) -> str:
    """Return nodes as browsers serialize them."""
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
    """Return `live` nodes, changed by the difference between `old` and `new`, and nodes that are new."""
    if len(live) != len(old):  # scripts have changed what the server rendered
        old = live
    there = dict(zip(old, live, strict=True))
    partners = _partners(old, new)
    return [
        _followed(there[partners[node]], partners[node], node) if node in partners else node for node in new
    ]


def _partners(old: Sequence[Node], new: Sequence[Node]) -> dict[Node, Node]:
    """Match new nodes to old ones: with the same key, then equal ones, then with the same name, in order."""
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


def confirm(old: str, new: str, edits: Any, digest: Any, at: Address) -> None:
    """Raise `ProtocolMismatch` unless the edits turn the nodes of `old` into those of `new`."""
    root = parse_fragment(old)
    passed: list[str] = []
    for step in [_found(root, edit, old, new, passed, at) for edit in edits]:
        step()
    if digest != adler32("".join(passed).encode()):
        mismatch(f"the digest isn't that of {passed}", at)
    if canonical(root) != canonical(parse_fragment(new)):
        mismatch(f"{edits!r} don't result in the new string's nodes", at)


def _found(
    root: Element, edit: Any, old: str, new: str, passed: list[str], at: Address
) -> Callable[[], None]:
    """Return a function that applies an edit. Its nodes are looked up before any edit is applied."""
    target = _walk(root, edit[0], passed, at)
    match edit[1:]:
        case [list(pairs)] if len(pairs) % 2 == 0:
            return lambda: _set(target, pairs)
        case [int(first), int(count), list(path), int(before)]:
            other = _walk(root, path, passed, at)
            nodes, anchor = _nodes(target, first, count, at), _anchor(other, before)
            return lambda: _insert(other, nodes, anchor)
        case [int(first), int(count), int(start), int(length), int(begin), int(size)]:
            nodes, anchor = _nodes(target, first, count, at), _anchor(target, first + count)
            shown = canonical(parse_fragment(_part(old, start, length)))
            if "".join(map(canonical, nodes)) != shown:
                mismatch(f"{edit!r} replaces {nodes}, but the old string has {shown}", at)
            return lambda: _replace(target, nodes, parse_fragment(_part(new, begin, size)), anchor)
    mismatch(f"{edit!r} isn't an edit", at)


def _walk(root: Element, path: list[int], passed: list[str], at: Address) -> Element:
    passed.append(f" {len(root.children)};")
    for step in path:
        child = _nodes(root, step, 1, at)[0]
        if not isinstance(child, Element):
            mismatch(f"{path} leads to text", at)
        root = child
        passed.append(f"{root.name} {len(root.children)};")
    return root


def _nodes(parent: Element, first: int, count: int, at: Address) -> list[Node]:
    if not 0 <= first <= first + count <= len(parent.children):
        mismatch(f"{count} nodes from {first} on among {len(parent.children)}", at)
    return parent.children[first : first + count]


def _anchor(parent: Element, before: int) -> Node | None:
    return parent.children[before] if before < len(parent.children) else None


def _set(element: Element, pairs: list[Any]) -> None:
    for name, value in zip(pairs[::2], pairs[1::2], strict=True):
        element.set(name, value)


def _insert(parent: Element, nodes: list[Node], anchor: Node | None) -> None:
    for node in nodes:
        parent.insert(node, anchor)


def _replace(parent: Element, nodes: list[Node], new: Element, anchor: Node | None) -> None:
    for node in nodes:
        node.remove()
    parent.insert(new, anchor)


def _part(text: str, start: int, length: int) -> str:
    units = text.encode("utf-16-le", "surrogatepass")
    return units[2 * start : 2 * (start + length)].decode("utf-16-le")
