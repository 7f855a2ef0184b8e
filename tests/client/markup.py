"""Random HTML of every kind that browsers read, and random edits of it.

Only what stays where it stands is made: nothing that ends an element around it.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from random import Random

from liveactions.html.balance import is_balanced
from liveactions.html.entities import neutralise

TEXTS = (
    "a",
    "two words",
    " ",
    "\n  ",
    "&amp;",
    "&copy",
    "1 &lt; 2 > 0",
    "é😀",
    "&nbsp;x",
    "&notit; &#x41; &#0;",
    "\nline",
    "a & b",
    "<3",
    "'\"`",
)
COMMENTS = (
    "<!--c-->",
    "<!-- a > b -->",
    "<?php x ?>",
    "<!>",
    "<!---->",
    "<![CDATA[x]]>",
    "<!--[if IE]>x<![endif]-->",
)
ATTRIBUTES = (
    'class="a"',
    'class="a b"',
    "title=t",
    "title='&lt;&quot;\"'",
    "hidden",
    "HIDDEN=hidden",
    'lang="de"',
    'style="color: red"',
    'style="COLOR:blue;;width:1px"',
    "data-x",
    'data-x=""',
    "data-x=1 data-x=2",
    "@click=go",
    ":class='{a: b}'",
    'a<b="1"',
    "tabindex=0",
    'href="?a=1&copy=2"',
    "onfoo=x()",
    "contenteditable",
    'live-click="go"',
    "dir=AUTO",
    'xlink:href="#a"',
    "xml:lang=en",
    "viewbox='0 0 1 1'",
    "definitionurl=u",
)
CONTROL_ATTRIBUTES = (
    "checked",
    "disabled",
    "value=v",
    "value=''",
    "selected",
    "multiple",
    "name=n",
    "required",
    "open",
    "muted",
)
TYPES = ("", "type=checkbox", "type=radio name=r", "type=hidden", "type=number value=1", "type=file")

PHRASING = "b i em span a code u s small abbr ruby x-widget label q sub mark".split()
BLOCKS = (
    "div section p h1 blockquote details summary fieldset legend figure pre address center dialog article "
    "x-panel nobr menu listing font button form main object video marquee search"
).split()
VOID = "col br hr img input wbr embed area link meta source track param keygen image".split()
UNCLOSED = frozenset("p li dt dd option optgroup tr td th tbody thead tfoot rt rp rb".split())
RAW_TEXT = "script style xmp iframe noembed noframes noscript textarea title".split()
RAW_TEXTS = ("", "x", "<b>x</b>", "a &amp; b", "\n y", "<!-- z -->", "if (a < b) {}", "/* & */")

CHILDREN: dict[str, tuple[str, ...]] = {
    "table": (
        "tr",
        "tbody",
        "thead",
        "tfoot",
        "caption",
        "colgroup",
        "col",
        "text",
        "div",
        "form",
        "input",
        "tr",
        "script",
    ),
    "tbody": ("tr", "tr", "tr", "td", "text", "template", "comment"),
    "thead": ("tr", "th"),
    "tfoot": ("tr",),
    "tr": ("td", "th", "td", "text", "script", "comment"),
    "colgroup": ("col", "template", "comment"),
    "select": ("option", "optgroup", "option", "hr", "text", "comment", "script"),
    "optgroup": ("option", "option", "hr"),
    "option": ("text", "text", "words"),
    "ul": ("li", "li", "li", "text", "script"),
    "ol": ("li", "li", "ul"),
    "dl": ("dt", "dd", "div"),
    "svg": (
        "circle",
        "g",
        "text-svg",
        "foreignObject",
        "title-svg",
        "lineargradient",
        "a",
        "p",
        "script-svg",
        "comment",
        "text",
        "style-svg",
    ),
    "g": ("circle", "g", "foreignObject", "text", "use"),
    "foreignObject": ("flow",),
    "math": ("mi", "mn", "mrow", "annotation-xml", "text", "mglyph", "svg"),
    "mrow": ("mi", "mo", "mrow"),
    "mi": ("text", "b", "mglyph"),
    "annotation-xml": ("svg", "div", "mi"),
    "audio": ("source", "track", "text"),
    "ruby": ("text", "rt", "rp", "rb"),
    "only-sections": ("tr", "tbody", "thead", "tfoot", "colgroup", "script", "comment", "template"),
    "only-rows": ("tr", "tr", "tr", "script", "comment", "template"),
    "only-cells": ("td", "th", "td", "script", "comment", "template"),
    "only-svg": (
        "circle",
        "g",
        "text-svg",
        "foreignObject",
        "title-svg",
        "lineargradient",
        "comment",
        "text",
        "style-svg",
    ),
    "only-options": ("option", "optgroup", "option", "hr", "text", "comment", "script"),
    "only-math": ("mi", "mn", "mrow", "text"),
}
"""What is made in elements whose content has rules of its own; elsewhere it is anything. Browsers put
nothing of what is *only* there elsewhere."""
STRICT = {
    "tr": "only-cells",
    **dict.fromkeys(("tbody", "thead", "tfoot"), "only-rows"),
    "colgroup": "colgroup",
    "foreignObject": "flow",
    "option": "option",
    "optgroup": "optgroup",
    "mrow": "only-math",
    "mi": "mi",
    "mn": "mi",
}
PHRASING_KINDS = "text text text phrasing phrasing void-inline comment image control misnested".split()
FLOW_KINDS = (
    "text text phrasing phrasing block block p p void comment raw table ul ol dl svg math template select "
    "control misnested nested-form stray custom audio text"
).split()
STRAY = (
    "</p>",
    "</br>",
    "</b>",
    "</unknown>",
    "<a>1<a>2</a>",
    "<b><p>x</b>y</p>",
    "<table><tr><td>1<td>2</table>",
)
MISNESTED = (
    "<b>1<i>2</b>3</i>",
    "<a>1<b>2</a>3</b>",
    "<em><div>x</em>y</div>",
    "<u><s>1</u></s>",
    "<code><code>1</code>2</code>",
)
INLINE_MISNESTED = ("<b>1<i>2</b>3</i>", "<a>1<b>2</a>3</b>", "<u><s>1</u></s>")


@dataclass
class Node:
    """An element with its tags, or (without a name) text as it is written."""

    name: str = ""
    text: str = ""
    attributes: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)
    content: str = "flow"
    closed: bool = True

    def __str__(self) -> str:
        inside = self.text + "".join(map(str, self.children))
        if not self.name:
            return inside
        start = " ".join([self.name, *self.attributes])
        if self.name in VOID:
            return f"<{start}{'/' if not self.closed else ''}>"
        end = f"</{self.name}>" if self.closed else ""
        # What has no quotes would take the slash of an empty tag along.
        return f"<{start}>{inside}{end}"


class Maker:
    """Makes nodes and edits from the numbers of `random`."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.keys = 0

    def content(self, kind: str, depth: int, most: int = 4) -> list[Node]:
        """Children for an element of this kind."""
        return [self.node(kind, depth) for _ in range(self.random.randint(0, most))]

    def node(self, inside: str, depth: int) -> Node:
        kinds = {"flow": FLOW_KINDS, "phrasing": PHRASING_KINDS}.get(inside) or CHILDREN[inside]
        kind = self.random.choice(kinds)
        if kind == "flow":
            kind = self.random.choice(FLOW_KINDS)
        around = inside if inside == "phrasing" or inside.startswith("only-") else "flow"
        return self._made(kind, around, max(depth, 0))

    def _made(self, kind: str, around: str, depth: int) -> Node:
        choice = self.random.choice
        if depth == 0 and around.startswith("only-") and kind not in CHILDREN:
            return Node(text=choice(COMMENTS))
        if kind == "text" or (depth == 0 and kind not in CHILDREN and kind not in UNCLOSED):
            return Node(text=choice(TEXTS))
        if kind == "comment":
            return Node(text=choice(COMMENTS))
        if kind == "image":
            return Node(text='<svg viewBox="0 0 1 1"><circle r=1 /></svg>')
        if kind == "words":
            return Node(text="<b>x</b><i title=t>y</i>")
        if kind == "stray":
            return Node(text=choice(STRAY))
        if kind == "misnested":
            return Node(text=choice(INLINE_MISNESTED if around == "phrasing" else MISNESTED))
        if kind == "raw" or kind == "script":
            name = "script" if kind == "script" else choice(RAW_TEXT)
            return self._element(name, "flow", 0, text=self._raw(name))
        if kind == "control":
            return self._control(depth)
        if kind in ("void", "void-inline"):
            return self._element(
                choice(("br", "img", "wbr", "input")) if kind == "void-inline" else choice(VOID[1:]),
                "flow",
                0,
            )
        if kind == "phrasing":
            return self._element(
                choice(PHRASING), "phrasing" if around == "phrasing" else choice(("flow", "phrasing")), depth
            )
        if kind == "block":
            return self._element(choice(BLOCKS), "flow", depth)
        if kind == "nested-form":
            return Node(
                "form", "", [], [Node("div", "", [], [Node("form", "", [], self.content("flow", depth - 1))])]
            )
        if kind == "custom":
            return self._element(choice(("x-widget", "my-element", "unknown")), "flow", depth)
        name = kind.removesuffix("-svg")
        if around.startswith("only-"):
            return self._element(name, STRICT.get(name, around if around == "only-svg" else "flow"), depth)
        return self._element(name, name if name in CHILDREN else around, depth)

    def _raw(self, name: str) -> str:
        text = self.random.choice(RAW_TEXTS)
        return "1;" if name == "script" and text else text

    def _control(self, depth: int) -> Node:
        name = self.random.choice(("input", "select", "textarea", "button"))
        if name == "textarea":
            return self._element(name, "flow", 0, text=self._raw(name))
        if name == "select":
            return self._element(name, "select", max(depth, 1))
        node = self._element(name, "phrasing", depth - 1)
        if name == "input":
            node.attributes.insert(0, self.random.choice(TYPES))
        return node

    def _element(self, name: str, content: str, depth: int, text: str = "") -> Node:
        node = Node(name, text, content=content)
        node.attributes = self.attributes(name)
        node.closed = self.random.random() < (0.5 if name in UNCLOSED or name in VOID else 1)
        if name not in VOID and name not in RAW_TEXT and depth > 0:
            node.children = self.content(content, depth - 1)
        return node

    def attributes(self, name: str) -> list[str]:
        random = self.random
        found = random.sample(ATTRIBUTES, random.choice((0, 0, 0, 1, 1, 2)))
        if name in ("input", "option", "select", "details", "dialog", "button", "video", "textarea"):
            found += random.sample(CONTROL_ATTRIBUTES, random.randint(0, 2))
        if random.random() < 0.15:
            found.append(random.choice(("id", "data-key")) + f"=k{random.randint(0, 9)}")
        if name == "annotation-xml" and random.random() < 0.5:
            found.append("encoding=text/html")
        if name == "script":
            found = [piece for piece in found if "href" not in piece]
        return found

    def edit(self, root: Node) -> Node:
        """A copy of `root` with a few changes."""
        root = deepcopy(root)
        for _ in range(self.random.choice((1, 1, 1, 2, 4))):
            self._edit_once(root)
        return root

    def _edit_once(self, root: Node) -> None:
        random = self.random
        holders = [
            node
            for node in _walk(root)
            if node is root or (node.name and node.name not in (*VOID, *RAW_TEXT))
        ]
        holder = random.choice(holders)
        children = holder.children
        kind = random.choice(
            ("insert", "remove", "replace", "attributes", "move", "reverse", "double", "across", "text")
        )
        if kind == "insert" or not children:
            children.insert(random.randint(0, len(children)), self.node(holder.content, 2))
        elif kind == "remove":
            del children[random.randrange(len(children))]
        elif kind == "replace":
            children[random.randrange(len(children))] = self.node(holder.content, 2)
        elif kind == "attributes":
            node = random.choice([node for node in _walk(root) if node is not root])
            node.attributes = self.attributes(node.name)
        elif kind == "move":
            children.insert(random.randrange(len(children)), children.pop(random.randrange(len(children))))
        elif kind == "reverse":
            children.reverse()
        elif kind == "double":
            children.append(deepcopy(random.choice(children)))
        elif kind == "across":
            others = [node for node in holders if node.content == holder.content]
            taken = children.pop(random.randrange(len(children)))
            target = random.choice(others)
            (children if any(node is target for node in _walk(taken)) else target.children).append(taken)
        else:
            texts = [node for node in _walk(root) if not node.name and node.text in TEXTS]
            if texts:
                random.choice(texts).text = random.choice(TEXTS)


def _walk(node: Node) -> list[Node]:
    return [node, *(inner for child in node.children for inner in _walk(child))]


PLACES: dict[str, tuple[str, str, str]] = {
    "div": ("flow", '<div data-l=".">', "</div>"),
    "among": ("flow", "<div><p>before</p><!--(-->", "<!--)--><i>after</i></div>"),
    "page": ("flow", "<!--{-->", ""),
    "form": ("flow", '<form><div data-l=".">', "</div></form>"),
    "span": ("phrasing", '<p><span data-l=".">', "</span></p>"),
    "td": ("flow", '<table><tr><td data-l=".">', "</table>"),
    "table": ("only-sections", '<table data-l=".">', "</table>"),
    "tbody": ("only-rows", '<table><tbody data-l=".">', "</table>"),
    "tr": ("only-cells", '<table><tr data-l=".">', "</table>"),
    "colgroup": ("colgroup", '<table><colgroup data-l=".">', "</colgroup></table>"),
    "caption": ("phrasing", '<table><caption data-l=".">', "</caption></table>"),
    "select": ("only-options", '<select data-l=".">', "</select>"),
    "option": ("option", '<select><option data-l=".">', "</option></select>"),
    "ul": ("ul", '<ul data-l=".">', "</ul>"),
    "svg": ("only-svg", '<svg data-l=".">', "</svg>"),
    "g": ("only-svg", '<svg><g data-l=".">', "</g></svg>"),
    "foreignObject": ("flow", '<svg><foreignObject data-l=".">', "</foreignObject></svg>"),
    "math": ("only-math", '<math data-l=".">', "</math>"),
    "mi": ("mi", '<math><mi data-l=".">', "</mi></math>"),
    "template": ("flow", '<template data-l=".">', "</template>"),
    "x-panel": ("flow", '<x-panel data-l=".">', "</x-panel>"),
}
"""Where raw HTML stands: what is made for it, and the page around it."""


@dataclass(frozen=True)
class Case:
    """A place, and the HTML that stands there at one moment after the other."""

    place: str
    moments: tuple[str, ...]


def case(seed: str) -> Case:
    """The random case of a seed."""
    random = Random(seed)
    place = random.choice(("div", "div", "page", "page", "among", *PLACES))
    maker = Maker(random)
    root = Node(content=PLACES[place][0])
    root.children = maker.content(root.content, 3, 6)
    moments = [root]
    for _ in range(random.choice((1, 2, 2))):
        moments.append(maker.edit(moments[-1]))
    html = tuple(neutralise(str(moment)) for moment in moments)
    if place == "form" and "<form" in "".join(html):
        place = "div"  # its end tag would end the one around it
    if place == "among" and not all(map(is_balanced, html)):
        place = "div"  # else the comment behind it is somewhere in it
    return Case(place, html)
