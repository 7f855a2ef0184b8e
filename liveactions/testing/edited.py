"""Edit lists of raw HTML, checked against the strings that they are about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zlib import adler32

from .canonical import canonical
from .dom import Element, Node, parse_fragment
from .misfit import Address, misfit


def confirm(old: str, new: str, edits: Any, digest: Any, at: Address) -> None:
    """Raise `Misfit` unless the edits make what `new` looks like of what `old` does."""
    root = parse_fragment(old)
    passed: list[str] = []
    for step in [_found(root, edit, old, new, passed, at) for edit in edits]:
        step()
    if digest != adler32("".join(passed).encode()):
        misfit(f"the digest isn't that of {passed}", at)
    if canonical(root) != canonical(parse_fragment(new)):
        misfit(f"{edits!r} don't give the new string's nodes", at)


def _found(
    root: Element, edit: Any, old: str, new: str, passed: list[str], at: Address
) -> Callable[[], None]:
    """What an edit does to nodes that are looked for before any of them is done."""
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
                misfit(f"{edit!r} is of {nodes}, the old string has {shown}", at)
            return lambda: _replace(target, nodes, parse_fragment(_part(new, begin, size)), anchor)
    misfit(f"{edit!r} is no edit", at)


def _walk(root: Element, path: list[int], passed: list[str], at: Address) -> Element:
    passed.append(f" {len(root.children)};")
    for step in path:
        child = _nodes(root, step, 1, at)[0]
        if not isinstance(child, Element):
            misfit(f"{path} leads to a text", at)
        root = child
        passed.append(f"{root.name} {len(root.children)};")
    return root


def _nodes(parent: Element, first: int, count: int, at: Address) -> list[Node]:
    if not 0 <= first <= first + count <= len(parent.children):
        misfit(f"{count} nodes from {first} on among {len(parent.children)}", at)
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
