"""The tree of a template's body: what a browser makes of it."""

from __future__ import annotations

import pytest
from jinja2 import Environment

from liveactions.exceptions import TemplateError
from liveactions.html.balance import Unbalanced
from liveactions.html.tokenizer import NotTrackable
from liveactions.protocol.constants import FIELD_FORM
from liveactions.templates.ir import (
    Builder,
    Child,
    Element,
    Ignored,
    Markup,
    Part,
    add_form_field,
    calls_action,
    flatten,
    guess_namespace,
    has_file,
    ignored,
    namespace_in,
    surrounding_space,
    verbatim,
)


def build(source: str, namespace: str = "") -> Element:
    return Builder(flatten(Environment().parse(source).body, lambda node: None), "page", namespace).build()


def only(source: str) -> Element:
    """Return the only element of a body."""
    [child] = build(source).children
    assert isinstance(child, Element)
    return child


def outline(child: Child) -> object:
    """Return an element as its name and its children, text as it is, and a part as "…"."""
    if isinstance(child, Element):
        content = ["…" if isinstance(one, Part) else one for one in child.raw or ()]
        return [child.name, *content, *map(outline, child.children)]
    if isinstance(child, Markup):
        return "".join("…" if isinstance(one, Part) else one for one in child.run)
    return "…" if isinstance(child, Part) else child


@pytest.mark.parametrize(
    ("source", "tree"),
    [
        ("a{{ x }}b", ["", "a", "…", "b"]),
        ("<ul>{% for x in xs %}<li>{{ x }}{% endfor %}</ul>", ["", ["ul", "…"]]),
        ("<p>a<p>b", ["", ["p", "a"], ["p", "b"]]),
        ("<ul><li>a<li>b</ul>c", ["", ["ul", ["li", "a"], ["li", "b"]], "c"]),
        ("<i>a<br>b</i>", ["", ["i", "a", ["br"], "b"]]),
        ("<br></br>a", ["", ["br"], "a"]),
        ("<table><tr><td>a</table>", ["", ["table", ["tbody", ["tr", ["td", "a"]]]]]),
        ("<table>{% for x in xs %} <tr></tr>{% endfor %}</table>", ["", ["table", ["tbody", "…"]]]),
        ("<table>{{ rows }}</table>", ["", ["table", "…"]]),
        ("<script>a<b>{{ x }}</script>", ["", ["script", "a<b>", "…"]]),
        ("<!--a{{ x }}b-->", ["", "<!--a…b-->"]),
        ("<!doctype html>", ["", "<!doctype html>"]),
        ("<svg><path/><g>{{ x }}</g></svg>", ["", ["svg", ["path"], ["g", "…"]]]),
    ],
)
def test_the_tree_is_the_browsers(source: str, tree: object) -> None:
    assert outline(build(source)) == tree


@pytest.mark.parametrize("source", ["<div>", "</div>", "<b><i></b></i>"])
def test_what_is_no_tree_by_itself(source: str) -> None:
    with pytest.raises(Unbalanced):
        build(source)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("<table>\ntext</table>", "text directly in <table>: 'text'; put it into a <td>"),
        ("<html>{{ x }}<body></body></html>", "between <html> and <body>"),
    ],
)
def test_what_browsers_would_not_keep_is_an_error(source: str, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        build(source)


def test_a_part_has_its_line_and_the_silent_statements_before_it() -> None:
    body = flatten(Environment().parse("a\n{% set b = 1 %}\n{{ b }}{% set c = 2 %}").body, lambda node: None)
    text, part = body.pieces
    assert text == "a\n\n" and isinstance(part, Part)
    assert (part.lineno, part.position, len(part.before), len(body.after), body.line) == (3, 1, 1, 1, 1)
    assert part.is_expression and not part.is_call


def test_constants_are_text() -> None:
    body = flatten(Environment().parse("a{{ 'b' }}c").body, lambda node: "<b>")
    assert body.pieces == ["a<b>c"]


@pytest.mark.parametrize(
    ("source", "space"),
    [("<i></i>", (0, 0)), (" <i></i>\n ", (1, 2)), ("a<i></i>", None), ("<i></i><b></b>", None), ("a", None)],
)
def test_the_space_around_an_only_element(source: str, space: tuple[int, int] | None) -> None:
    assert surrounding_space(build(source)) == space


def test_namespaces() -> None:
    assert guess_namespace(build("<circle></circle>")) == "svg" and guess_namespace(build("<p></p>")) == ""
    assert namespace_in(Element("svg"), "") == "svg"
    assert namespace_in(Element("foreignobject"), "svg") == ""
    assert namespace_in(Element("g"), "svg") == "svg"


@pytest.mark.parametrize(
    ("button", "has_field"),
    [
        ("<button>Save</button>", False),
        ('<button formaction="/other">Save</button>', False),
        ('<button formaction="{{ other }}">Save</button>', True),
        ('<p><button formaction="{{ other }}">Save</button></p>', True),
        ('{% if x %}<button formaction="{{ other }}">Save</button>{% endif %}', True),
    ],
)
def test_a_form_whose_buttons_call_others_says_its_own_action(button: str, has_field: bool) -> None:
    form = only(f'<form action="{{{{ save }}}}">{button}</form>')
    add_form_field(form)
    first = form.children[0]
    assert isinstance(first, Element) and (first.name == "input") is has_field
    if has_field:
        assert f'name="{FIELD_FORM}"' in "".join(map(str, verbatim([first])))
    plain = only('<form action="/a"><button formaction="{{ other }}">Save</button></form>')
    add_form_field(plain)
    assert calls_action(form) and not calls_action(plain) and len(plain.children) == 1


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("<input type=file>", True),
        ('<p><input TYPE=" File "></p>', True),
        ("{% if x %}<input name='a' type='file'>{% endif %}", True),
        ("<input type=text>", False),
        ('<input type="{{ x }}">', False),
    ],
)
def test_file_fields_of_a_form(content: str, found: bool) -> None:
    assert has_file(only(f"<form>{content}</form>")) is found


@pytest.mark.parametrize(
    ("attribute", "wanted"),
    [
        ("", Ignored()),
        ("live-ignore", Ignored(content=True, attributes=None)),
        ('live-ignore="children"', Ignored(content=True, attributes=frozenset({"children"}))),
        ('live-ignore="class style"', Ignored(attributes=frozenset({"class", "style"}))),
    ],
)
def test_what_is_ignored(attribute: str, wanted: Ignored) -> None:
    found = ignored(only(f"<div {attribute} id=a></div>"))
    assert found == wanted
    [id] = [one for one in only("<div id=a></div>").attributes if one.name == "id"]
    assert found.has(id) is (wanted.attributes is None)


def test_what_is_ignored_is_literal() -> None:
    with pytest.raises(NotTrackable):
        ignored(only('<div live-ignore="{{ x }}"></div>'))


def test_the_content_of_an_ignored_element_is_written_whole() -> None:
    source = (
        '<form action="{{ save }}"><input type=file hidden><i class="a{{ x }}">&amp;{{ y }}</i><br></form>'
    )
    run = ["{}" if isinstance(one, Part) else one for one in verbatim([only(source)])]
    assert "".join(run) == (
        '<form action="{}" method="post" enctype="multipart/form-data"><input type="file" hidden>'
        '<i class="a{}">&amp;{}</i><br></form>'
    )
