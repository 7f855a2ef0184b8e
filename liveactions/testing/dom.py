"""A document as browsers keep it: elements, text nodes, comments.

The HTML is parsed by lxml. Its parser (libxml2 from 2.14) tokenizes as the HTML Standard says, but builds the
tree as it is written: it closes elements whose end tag may be omitted, and repairs nothing else. The library
renders well-formed HTML, for which both trees are the same; for other HTML, they may differ. Names of foreign
elements and attributes are in lower case, and control characters are replaced.

`canonical` writes documents that look the same as the same text. Whether a user can see and use something is
derived from HTML only: style sheets are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from lxml import etree
from markupsafe import escape

from ..protocol.constants import FIELD_ACTION, FIELD_FORM, FIELD_SNAPSHOT, MARK

BOOLEAN: Final = frozenset(
    "allowfullscreen async autofocus autoplay checked controls default defer disabled formnovalidate hidden"
    " inert ismap itemscope loop multiple muted nomodule novalidate open playsinline readonly required"
    " reversed selected".split()
)
"""Boolean attributes; lxml gives them their name as their value."""
RAW_TEXT: Final = frozenset("script style xmp iframe noembed noframes noscript plaintext".split())
"""Elements whose text has no character references."""
TEXT_ONLY: Final = RAW_TEXT | {"title", "textarea"}
VOID: Final = frozenset("area base br col embed hr img input link meta param source track wbr".split())
# libxml2 doesn't know that these elements are empty, nor that noscript contains text if scripts run.
_UNKNOWN_VOID = re.compile(r"<(source|track|wbr)\b((?:\"[^\"]*\"|'[^']*'|[^>\"'])*?)/?>", re.I)
_NOSCRIPT = re.compile(r"<(/?)noscript(?=[\s/>])", re.I)
_NOSCRIPT_MARK = "data-was-noscript"


class Node:
    """A node in a tree. `parent` is None if it was removed."""

    def __init__(self) -> None:
        self.parent: Element | None = None

    @property
    def index(self) -> int:
        """The position among the parent's children."""
        assert self.parent is not None
        return next(i for i, child in enumerate(self.parent.children) if child is self)

    @property
    def next(self) -> Node | None:
        siblings = self.parent.children if self.parent else []
        return next(iter(siblings[self.index + 1 :]), None) if siblings else None

    def remove(self) -> None:
        if self.parent:
            del self.parent.children[self.index]
            self.parent = None

    def copy(self) -> Node:
        raise NotImplementedError

    @property
    def text(self) -> str:
        """All text in the node, like `textContent`."""
        return ""


class Text(Node):
    def __init__(self, data: str) -> None:
        super().__init__()
        self.data = data

    @property
    def text(self) -> str:
        return self.data

    def split(self, at: int) -> Text:
        """Split after `at` characters. Return the second part, which follows."""
        rest = Text(self.data[at:])
        self.data = self.data[:at]
        if self.parent:
            self.parent.insert(rest, self.next)
        return rest

    def copy(self) -> Text:
        return Text(self.data)


class Comment(Node):
    def __init__(self, data: str) -> None:
        super().__init__()
        self.data = data

    def copy(self) -> Comment:
        return Comment(self.data)


class Element(Node):
    """An element or, with the name "", a document or a fragment."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.attributes: dict[str, str] = {}
        self.children: list[Node] = []
        self.is_popped = False
        """Whether it is a popover that is shown."""

    def __repr__(self) -> str:
        shown = {name: value for name, value in self.attributes.items() if name != MARK}
        attributes = "".join(f' {name}="{value}"' for name, value in shown.items())
        return f"<{self.name}{attributes}>"

    @property
    def text(self) -> str:
        return "".join(child.text for child in self.children)

    def get(self, name: str) -> str | None:
        return self.attributes.get(name)

    def set(self, name: str, value: str | None) -> None:
        """Set an attribute; None removes it."""
        name = name.lower()
        if value is None:
            self.attributes.pop(name, None)
        else:
            self.attributes[name] = "" if name in BOOLEAN and value == name else value

    def insert(self, node: Node, before: Node | None = None) -> None:
        """Insert a node, or the children of a fragment, before a child, or at the end."""
        if isinstance(node, Element) and not node.name:
            for child in list(node.children):
                self.insert(child, before)
            return
        node.remove()
        self.children.insert(len(self.children) if before is None else before.index, node)
        node.parent = self

    def clear(self) -> None:
        for child in list(self.children):
            child.remove()

    def elements(self) -> Iterator[Element]:
        """Yield all elements inside it, in document order."""
        todo = self.children[::-1]
        while todo:
            node = todo.pop()
            if isinstance(node, Element):
                yield node
                todo += node.children[::-1]

    def ancestors(self) -> Iterator[Element]:
        """Yield the element itself and those that contain it."""
        element: Element | None = self
        while element and element.name:
            yield element
            element = element.parent

    def copy(self) -> Element:
        clone = Element(self.name)
        clone.attributes = dict(self.attributes)
        for child in self.children:
            clone.insert(child.copy())
        return clone


def parse(html: str, *, scripting: bool = True) -> Element:
    """Parse a whole document. With `scripting`, the content of ``noscript`` is text."""
    source = _UNKNOWN_VOID.sub(r"<\1\2/>", html)
    if scripting:
        source = _NOSCRIPT.sub(lambda tag: "</noframes" if tag[1] else f"<noframes {_NOSCRIPT_MARK}", source)
    root = etree.fromstring(source, etree.HTMLParser(huge_tree=True, remove_blank_text=False))
    document = Element("")
    for top in [*reversed(list(root.itersiblings(preceding=True))), root, *root.itersiblings()]:
        document.insert(_from_lxml(top))
    return document


def parse_fragment(html: str, *, scripting: bool = True) -> Element:
    """Return the nodes of `html`, in an element without a name."""
    document = parse(f"<!DOCTYPE html><html><body>{html}</body></html>", scripting=scripting)
    fragment = Element("")
    for body in [element for element in document.elements() if element.name == "body"][:1]:
        for child in list(body.children):
            fragment.insert(child)
    return fragment


def _from_lxml(source: Any) -> Node:
    if source.tag is etree.Comment:
        return Comment(source.text or "")
    if not isinstance(source.tag, str):  # a processing instruction, which browsers parse as a comment
        return Comment(f"?{source.target} {source.text or ''}")
    was_noscript = source.attrib.pop(_NOSCRIPT_MARK, None) is not None
    element = Element("noscript" if was_noscript else source.tag)
    for name, value in source.attrib.items():
        element.set(name, value)
    if text := _first_text(element.name, source.text or ""):
        element.insert(Text(text))
    for child in source:
        element.insert(_from_lxml(child))
        if child.tail:
            element.insert(Text(child.tail))
    return element


def _first_text(name: str, text: str) -> str:
    """Return an element's initial text; browsers drop a leading line break in some elements."""
    return text.removeprefix("\n") if name in ("pre", "textarea", "listing") else text


def to_lxml(root: Element, note: Callable[[Element, Any], None]) -> Any:
    """Return the same tree for lxml, to search it. `note` is called with each element and its counterpart."""
    target = etree.Element(root.name or "root")
    note(root, target)
    for name, value in root.attributes.items():
        if re.fullmatch(r"[\w.-]+", name) and not name[0].isdigit():
            target.set(name, _printable(value))
    last = None
    for child in root.children:
        if isinstance(child, Element):
            last = to_lxml(child, note)
            target.append(last)
        elif isinstance(child, Text):
            if last is None:
                target.text = (target.text or "") + _printable(child.data)
            else:
                last.tail = (last.tail or "") + _printable(child.data)
    return target


def _printable(data: str) -> str:
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", data)


_MARKER = re.compile(r"[(){,\]]|\[(\d+,\d+)?")


def canonical(node: Node, *, bookkeeping: bool = False) -> str:
    """Return HTML with sorted attributes and adjacent text merged.

    The library's own data in the page (markers, and the snapshot in forms and the script tag) is left out
    unless `bookkeeping`.
    """
    return "".join(_pieces(node, bookkeeping))


_OWN_FIELDS: Final = frozenset((FIELD_ACTION, FIELD_FORM, FIELD_SNAPSHOT))
_SIGNATURE = re.compile(rf"(?<=[?&]{FIELD_ACTION}=)([^~&#]*)(?:~~|(~[^&#]+)~)[\w-]+(?=[&#]|$)")
"""The reference in an address: path, arguments if there are any, and signature."""


def outline(root: Element) -> str:
    """Return indented HTML for snapshots, in which only what users notice makes a difference.

    Whitespace is collapsed, attributes are sorted, and references have no signatures. Comments, scripts and
    the library's own data are left out.
    """
    return "\n".join(_lines(root, ""))


def _lines(element: Element, indent: str) -> Iterator[str]:
    children = [child for child in element.children if _is_outlined(child)]
    if not element.name:
        for child in children:
            yield from _child_lines(child, indent)
        return
    start = f"{indent}<{element.name}{''.join(_attributes(element))}>"
    end = "" if element.name in VOID else f"</{element.name}>"
    if element.name in RAW_TEXT or element.name in ("pre", "textarea"):
        yield f"{start}{''.join(_pieces_of(children))}{end}"
    elif any(isinstance(child, Element) for child in children):
        yield start
        for child in children:
            yield from _child_lines(child, f"{indent}  ")
        yield f"{indent}{end}"
    else:
        yield f"{start}{escape(' '.join(element.text.split()))}{end}"


def _child_lines(child: Node, indent: str) -> Iterator[str]:
    if isinstance(child, Element):
        yield from _lines(child, indent)
    else:
        yield f"{indent}{escape(' '.join(child.text.split()))}"


def _pieces_of(children: list[Node]) -> Iterator[str]:
    for child in children:
        yield from _pieces(child, False)


def _is_outlined(node: Node) -> bool:
    if isinstance(node, Element):
        return node.name not in ("script", "live-form") and node.get("name") not in _OWN_FIELDS
    return isinstance(node, Text) and not node.data.isspace() and node.data != ""


def _attributes(element: Element) -> Iterator[str]:
    for name, value in sorted(element.attributes.items()):
        if name not in (MARK, "data-snapshot"):
            unsigned = _SIGNATURE.sub(r"\1\2", value)
            yield f' {name}="{escape(unsigned)}"'


def is_marker(node: Node) -> bool:
    """Return whether a node is a comment that marks a slot or an item."""
    return isinstance(node, Comment) and _MARKER.fullmatch(node.data) is not None


def _pieces(node: Node, bookkeeping: bool) -> Iterator[str]:
    if isinstance(node, Text):
        raw = node.parent is not None and node.parent.name in RAW_TEXT
        yield node.data if raw else str(escape(node.data))
    elif isinstance(node, Comment):
        if bookkeeping or not is_marker(node):
            yield f"<!--{node.data}-->"
    elif isinstance(node, Element) and (bookkeeping or not _is_snapshot(node)):
        yield from _element(node, bookkeeping)


def _element(element: Element, bookkeeping: bool) -> Iterator[str]:
    if element.name:
        yield f"<{element.name}"
        for name, value in sorted(element.attributes.items()):
            if bookkeeping or name not in (MARK, "data-snapshot"):
                yield f' {name}="{escape(value)}"'
        yield ">"
    for child in element.children:
        yield from _pieces(child, bookkeeping)
    if element.name and element.name not in VOID:
        yield f"</{element.name}>"


def _is_snapshot(element: Element) -> bool:
    return element.name == "input" and element.get("name") == FIELD_SNAPSHOT


_NEVER: Final = frozenset("head script style template noscript datalist title".split())
_INLINE: Final = frozenset(
    "a abbr b bdi bdo button cite code del dfn em i img input ins kbd label mark output q s samp select small"
    " span strong sub sup time u var".split()
)
_GONE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)


def is_visible(element: Element, scripting: bool = True) -> bool:
    """Return whether neither an element nor one that contains it is hidden.

    Without `scripting`, ``noscript`` is visible.
    """
    return not any(_is_hidden(above, scripting) for above in element.ancestors()) and not _is_folded(element)


def _is_hidden(element: Element, scripting: bool) -> bool:
    if element.name in _NEVER:
        return scripting or element.name != "noscript"
    if element.get("hidden") is not None or _GONE.search(element.get("style") or ""):
        return True
    if element.name == "input":
        return (element.get("type") or "").lower() == "hidden"
    if element.get("popover") is not None and not element.is_popped:
        return True
    return element.name == "dialog" and element.get("open") is None


def _is_folded(element: Element) -> bool:
    """Return whether an element is in a closed ``details``, but not in its summary."""
    inner: Element | None = None
    for above in element.ancestors():
        if above.name == "details" and above.get("open") is None and inner is not None:
            summaries = [child for child in above.children if isinstance(child, Element)]
            first = next((child for child in summaries if child.name == "summary"), None)
            if inner is not first:
                return True
        inner = above
    return False


def is_disabled(element: Element) -> bool:
    """Return whether a control is disabled, itself or by its fieldset."""
    if element.get("disabled") is not None:
        return True
    inner = element
    for above in element.ancestors():
        if above.name == "fieldset" and above.get("disabled") is not None and inner.name != "legend":
            return True
        inner = above
    return False


def shown_text(node: Node, scripting: bool = True, without: frozenset[str] = frozenset()) -> str:
    """Return the visible text in a node, with single spaces; blocks are separated.

    `without` are names of elements whose text is left out.
    """
    return " ".join("".join(_texts(node, scripting, without | {"textarea"})).split())


def _texts(node: Node, scripting: bool, without: frozenset[str]) -> Iterator[str]:
    if isinstance(node, Text):
        yield node.data
    if not isinstance(node, Element) or _is_hidden(node, scripting) or node.name in without:
        return
    gap = "" if node.name in _INLINE else " "
    yield gap
    for child in node.children:
        if not _is_folded_child(node, child):
            yield from _texts(child, scripting, without)
    yield gap


def _is_folded_child(parent: Element, child: Node) -> bool:
    closed = parent.name == "details" and parent.get("open") is None
    return closed and not (isinstance(child, Element) and child.name == "summary")
