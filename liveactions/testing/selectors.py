"""CSS selectors, as far as tests need them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from .dom import Element

Test = Callable[[Element], bool]
_SIMPLE = re.compile(
    r"\*|(?P<type>[\w-]+)"
    r"|\#(?P<id>[\w-]+)"
    r"|\.(?P<class>[\w-]+)"
    r"|\[\s*(?P<name>[\w:-]+)\s*(?:(?P<how>[~|^$*]?=)\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'"
    r"|(?P<bare>[^\]\s]+))\s*)?\]"
    r"|:not\((?P<not>[^()]+)\)"
    r"|:nth-child\(\s*(?P<nth>\d+|odd|even)\s*\)"
    r"|:(?P<pseudo>first-child|last-child|only-child|empty|disabled|checked)\b"
)
_COMBINATOR = re.compile(r"\s*([>+~,])\s*|\s+")
_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "=": lambda found, wanted: found == wanted,
    "~=": lambda found, wanted: wanted in found.split(),
    "|=": lambda found, wanted: found == wanted or found.startswith(wanted + "-"),
    "^=": lambda found, wanted: bool(wanted) and found.startswith(wanted),
    "$=": lambda found, wanted: bool(wanted) and found.endswith(wanted),
    "*=": lambda found, wanted: bool(wanted) and wanted in found,
}


def select(root: Element, css: str) -> list[Element]:
    """Return the elements in `root` that a selector matches, in document order.

    Raise `ValueError` for unknown syntax.
    """
    matches = _parse(css)
    return [element for element in root.elements() if any(test(element) for test in matches)]


def _parse(css: str) -> list[Test]:
    """Return one test for each of the selectors between commas."""
    tests: list[Test] = []
    current: Test | None = None
    at, how, text = 0, "", css.strip()
    while at < len(text):
        compound, at = _compound(text, at)
        current = compound if current is None else _combined(current, how, compound)
        gap = _COMBINATOR.match(text, at)
        if gap is None and at < len(text):
            raise ValueError(f"{css!r}: unsupported syntax {text[at:]!r}")
        if gap is not None:
            how, at = gap[1] or " ", gap.end()
        if gap is None or how == ",":
            tests.append(current)
            current = None
    if current is not None or not tests:
        raise ValueError(f"{css!r} is an incomplete selector")
    return tests


def _compound(text: str, at: int) -> tuple[Test, int]:
    tests: list[Test] = []
    while found := _SIMPLE.match(text, at):
        if found["type"] and tests:
            break
        tests.append(_simple(found))
        at = found.end()
    if not tests:
        raise ValueError(f"{text!r}: unsupported syntax {text[at:]!r}")
    return lambda element: all(test(element) for test in tests), at


def _simple(found: re.Match[str]) -> Test:
    if name := found["type"]:
        return lambda element: element.name == name.lower()
    if id := found["id"]:
        return lambda element: element.get("id") == id
    if name := found["class"]:
        return lambda element: name in (element.get("class") or "").split()
    if found["name"]:
        return _attribute(found)
    if found["not"]:
        excluded = _parse(found["not"])
        return lambda element: not any(test(element) for test in excluded)
    if found["nth"]:
        return _nth(found["nth"])
    if found["pseudo"]:
        return _PSEUDO[found["pseudo"]]
    return lambda element: True


def _attribute(found: re.Match[str]) -> Test:
    name, how = found["name"].lower(), found["how"]
    wanted = next((found[kind] for kind in ("double", "single", "bare") if found[kind] is not None), "")
    if not how:
        return lambda element: element.get(name) is not None
    compare = _COMPARE[how]
    return lambda element: element.get(name) is not None and compare(element.get(name) or "", wanted)


def _nth(text: str) -> Test:
    if text in ("odd", "even"):
        return lambda element: _position(element) % 2 == (text == "odd")
    return lambda element: _position(element) == int(text)


def siblings(element: Element) -> list[Element]:
    """Return the child elements of an element's parent, including itself."""
    children = element.parent.children if element.parent else [element]
    return [child for child in children if isinstance(child, Element)]


def _position(element: Element) -> int:
    return 1 + next(n for n, child in enumerate(siblings(element)) if child is element)


_PSEUDO: dict[str, Test] = {
    "first-child": lambda element: siblings(element)[0] is element,
    "last-child": lambda element: siblings(element)[-1] is element,
    "only-child": lambda element: len(siblings(element)) == 1,
    "empty": lambda element: not element.text and not any(element.elements()),
    "disabled": lambda element: element.get("disabled") is not None,
    "checked": lambda element: element.get("checked") is not None,
}


def _combined(left: Test, how: str, right: Test) -> Test:
    def test(element: Element) -> bool:
        return right(element) and any(left(other) for other in _RELATED[how](element))

    return test


def _before(element: Element) -> list[Element]:
    return siblings(element)[: _position(element) - 1]


def _above(element: Element) -> Iterator[Element]:
    return element.parent.ancestors() if element.parent else iter(())


_RELATED: dict[str, Callable[[Element], Iterator[Element] | list[Element]]] = {
    " ": _above,
    ">": lambda element: [element.parent] if element.parent else [],
    "+": lambda element: _before(element)[-1:],
    "~": _before,
}
