"""Template strings of Python 3.14 as templates. Most tests use stand-ins, for older versions."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from typing import Any

import pytest
from jinja2 import DictLoader, Environment
from markupsafe import Markup, escape
from pydantic_core import to_json

from liveactions import Component, Live, Page, action, js
from liveactions.diff.client_state import ClientState
from liveactions.diff.fragments import patch
from liveactions.exceptions import RenderError, TemplateError
from liveactions.pages.page_functions import Rendered
from liveactions.templates import Fragment
from liveactions.templates.template_strings import fragment_of
from liveactions.testing import Browser, both_ways, plugin
from tests.templates.test_bound_controls import Bound, sorted_tags
from tests.templates.test_plan import Call, render
from tests.templates.test_raw_html import Hole, Text, t

browser = plugin.browser


def s(source: str, **values: Any) -> Text:
    """A template string by names: ``s("<p>{n}</p>", n=1)``."""
    parts = re.split(r"{(\w+)}", source)
    return Text(tuple(parts[::2]), tuple(Hole(values[name]) for name in parts[1::2]))


def shown(*parts: Any) -> Fragment:
    made = fragment_of(t(*parts))
    assert type(made) is Fragment
    return made


# Shapes and slots


@pytest.mark.parametrize(
    ("parts", "html", "values"),
    [
        (("<p>", 1, "</p>"), '<p data-l=".">1</p>', ("1",)),
        (("<p>a <b>b</b> ", "<", "</p>"), "<p>a <b>b</b> <!--(-->&lt;<!--)--></p>", ("<",)),
        (("<td>", 1, " of ", 2, "</td>"), '<td data-l=".">1 of 2</td>', ("1 of 2",)),
        (("<a class='x ", '"', "'>t</a>"), '<a class="x &#34;" data-l="class">t</a>', ('x "',)),
        (("<a class=", "a b", ">t</a>"), '<a class="a b" data-l="class">t</a>', ("a b",)),
        (("<i ", {"title": '"', "hidden": True, "id": None}, ">"), None, (("title", '"', "hidden", ""),)),
        (("<i ", "hidden", "></i>"), '<i hidden="" data-l="*"></i>', (("hidden", ""),)),
        (("<input checked=", True, " name=a>"), '<input name="a" checked="" data-l="*">', (("checked", ""),)),
        (('<input checked="', False, '" name=a>'), '<input name="a" data-l="*">', ((),)),
        (("<title>", "<", "</title>"), '<title data-l=".">&lt;</title>', ("<",)),
        (("<textarea>", "<", "</textarea>"), '<textarea data-l=".">&lt;</textarea>', ("<",)),
        (("<p>", None, "</p>"), '<p data-l="."></p>', ("",)),
        (("<p>", False, "</p>"), '<p data-l="."></p>', ("",)),
        (("<p>", Markup("<b>x</b>"), "</p>"), '<p data-l="."><b>x</b></p>', (Markup("<b>x</b>"),)),
        (("<a live-click=", Call(1), ">x</a>"), '<a data-l="@click">x</a>', (Call(1),)),
    ],
)
def test_a_value_has_a_slot_by_its_place(parts: Any, html: str | None, values: Any) -> None:
    parts = parts if parts[-1] != ">" else (*parts[:-1], "></i>")
    made = shown(*parts)
    assert made.values == values
    assert html is None or made.html() == html


def test_a_template_string_in_another_one_is_a_fragment_of_its_own() -> None:
    made = shown("<div>", t("<b>", 1, "</b>"), "<i>", t("", "x", ""), "</i></div>")
    assert made.plain() == "<div><b>1</b><i>x</i></div>"
    assert [type(value) for value in made.values] == [Fragment, Fragment]
    other = shown("<div>", t("<b>", 2, "</b>"), "<i>", t("", "x", ""), "</i></div>")
    assert made.shape is other.shape and made.values[0].shape is other.values[0].shape


def test_lists_have_items_with_keys() -> None:
    def rows(*ids: int) -> Fragment:
        return shown("<ul>\n", [t('<li id="', id, '">', f"n{id}", "</li>") for id in ids], "\n</ul>")

    assert rows().plain() == "<ul>\n\n</ul>" and rows().shape is rows(1, 2).shape
    assert rows(1, 2).plain().count("<li") == 2
    moved = patch(rows(1, 2, 3), rows(3, 1, 2), ClientState())
    assert "n1" not in str(moved)  # nothing of the items is sent again


def test_rows_are_in_the_body_of_their_table() -> None:
    for before in ("", "<!-- a row -->\n"):
        rows = [t(f"{before}<tr><td>", n, "</td></tr>") for n in (1, 2)]
        html = shown("<table>", rows, "</table>").plain()
        assert html.startswith(f"<table><tbody>{before}<tr><td>1</td></tr>")
    within, none = (shown("<table><tbody>", some, "</tbody></table>") for some in (rows, []))
    assert within.shape.matches(none.shape)


def test_parts_of_a_drawing() -> None:
    made = shown("<svg><g>", t("<circle r='", 1, "'/>"), "", [t("<path d='", "M0 0", "'/>")], "</g></svg>")
    assert made.plain() == '<svg><g><circle r="1"/><path d="M0 0"/></g></svg>'


@pytest.mark.parametrize(
    ("value", "text"),
    [((), ""), ([1, "<"], "1&lt;"), ((n for n in "ab"), "ab"), ([t("<b>", 1, "</b>"), 2, None], "<b>1</b>2")],
)
def test_lists_of_anything(value: Any, text: str) -> None:
    assert shown("<p>", value, "</p>").plain() == f"<p>{text}</p>"


def test_conversions_and_formats() -> None:
    text = Text(("<p title=", ">", "</p>"), (Hole(3.14159, None, ".2f"), Hole("<", "r")))
    assert fragment_of(text).plain() == '<p title="3.14">&#39;&lt;&#39;</p>'


def test_client_commands_and_bound_fields() -> None:
    made = shown("<a live-click='", js.show("#m"), "'>x</a>")
    assert made.plain() == render("<a live-click='{{ js.show('#m') }}'>x</a>", js=js).plain()
    made = shown("<form><input live-bind.change='", Bound("v"), "'></form>")
    source = "<form><input live-bind.change='{{ f }}'></form>"
    assert sorted_tags(made.plain()) == sorted_tags(render(source, f=Bound("v")).plain())
    made = shown("<form><input type=checkbox value='", "a", "' live-bind='", Bound("v"), "'></form>")
    source = "<form><input type=checkbox value='{{ v }}' live-bind='{{ f }}'></form>"
    assert sorted_tags(made.plain()) == sorted_tags(render(source, f=Bound("v"), v="a").plain())
    assert "f=~~maca" in made.plain()


# Escaping


@pytest.mark.parametrize("url", ["javascript:alert(1)", " JavaScript:x", "/ok?a=1&b=2"])
@pytest.mark.parametrize(
    "parts", [('<a href="', '">x</a>'), ("<a href=", ">x</a>"), ("<div><a href='", "'>x</a>")]
)
def test_addresses(parts: tuple[str, str], url: str) -> None:
    made = fragment_of(t(parts[0], url, parts[1]))
    html = made.plain() if type(made) is Fragment else str(made)
    assert ("unsafe:" in html) == ("ok" not in url)
    assert "unsafe:" in shown("<a ", {"href": "javascript:x"}, ">x</a>").plain()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (("<script>let a = ", 1, "</script>"), "a value can't be in <script>"),
        (("<p onclick='", 1, "'>a</p>"), "a value can't be in onclick, which is a script"),
        (("<style>", 1, "</style>"), "a value can't be in <style>"),
        (("<p>a</p><!-- ", 1, " -->"), "a value can't be in a comment"),
        (("<", "p", ">a</p>"), "an element's name is dynamic"),
        (("<h", 1, ">a</h1>"), "an element's name is dynamic"),
        (("<p data-", "x", "=1>a</p>"), "a value can't be a part of an attribute's name"),
        (("<p ", "x"), "a tag isn't closed"),
        (("<div><a title=", "x y", ">a</a>"), "put the value of title in quotes"),
        (("<div><a title=x'", " onclick=x", ">a</a>"), "put the value of title in quotes"),
        (("<p title='say checked=", True, "'>a</p>"), "a value in title looks like a boolean attribute"),
        (
            ("<div><input live-bind='", Bound("x"), "'>"),
            "live-bind needs a template string whose tags are balanced",
        ),
    ],
)
def test_where_no_value_can_be(parts: Any, message: str) -> None:
    with pytest.raises(TemplateError, match=re.escape(message)) as error:
        fragment_of(t(*parts) if len(parts) % 2 else t(*parts, ""))
    assert 't"<' in str(error.value)  # it says which template string


@pytest.mark.parametrize(
    "value", ["onclick", "a b", "a=b", "x>", {"onload": "x"}, {"a/b": 1}, 5, ["a"], {1: 2}, {"": 1}]
)
@pytest.mark.parametrize("start", ["<i ", "<div><i "])
def test_names_of_attributes_are_checked(value: Any, start: str) -> None:
    with pytest.raises(TypeError, match="can't be the name of an attribute"):
        fragment_of(t(start, value, "></i>"))


@pytest.mark.parametrize("value", [True, ["a"], {"a": 1}, t("a")])
@pytest.mark.parametrize(
    "start", ["<i title='", "<i title='x ", "<i srcdoc='", "<i href='", "</b><i title='"]
)
def test_values_of_attributes_are_text(value: Any, start: str) -> None:
    with pytest.raises(TypeError, match="can't be the value of an attribute"):
        fragment_of(t(start, value, "'></i>"))


def both(source: str, **values: Any) -> list[dict[str, str | None]]:
    """The attributes that browsers read in the last tag, of a tree and of HTML in one piece."""
    read: list[dict[str, str | None]] = []
    for start in ("", "</div>"):
        made = fragment_of(s(start + source, **values))
        assert (type(made) is Fragment) == (not start)
        parser = HTMLParser()
        parser.handle_starttag = lambda tag, attrs: read.append(dict(attrs))  # type: ignore[method-assign]
        parser.feed(made.plain() if type(made) is Fragment else str(made))
    assert len(read) == 2
    return read


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("<a href='{a}{b}'></a>", "unsafe:javascript:alert(1)"),
        ('<a HREF="{a}{b}"></a>', "unsafe:javascript:alert(1)"),
        ("<a href='&#106;ava{b}'></a>", "unsafe:javascript:alert(1)"),
        ("<a href='/{a}?b={b}&amp;c=\"'></a>", '/java?b=script:alert(1)&c="'),
        ("<object data='{a}{b}'></object>", "unsafe:javascript:alert(1)"),
        ("<use xlink:href='{a}{b}'></use>", "unsafe:javascript:alert(1)"),
        *[
            (f"<animate {name}='#;{{a}}{{b}}'></animate>", "#;unsafe:javascript:alert(1)")
            for name in ("values", "from", "to", "by")
        ],
    ],
)
def test_addresses_of_several_parts_run_no_script(source: str, address: str) -> None:
    tree, piece = both(source, a="java", b="script:alert(1)")
    assert list(tree.values()) == list(piece.values()) == [address]


@pytest.mark.parametrize(
    "source",
    ["<iframe srcdoc='<p>{v}'></iframe>", "<iframe SRCDOC='<p>{v}'></iframe>", "<iframe {m}></iframe>"],
)
def test_values_in_documents_are_text_there(source: str) -> None:
    data = "<script>alert(1)</script>"
    for read in both(source, **({"m": {"SrcDoc": data}} if "{m}" in source else {"v": data})):
        assert (read["srcdoc"] or "").removeprefix("<p>") == escape(data)
    for read in both("<iframe {m}></iframe>", m={"srcdoc": Markup("<b>x</b>")}):
        assert read["srcdoc"] == "<b>x</b>"


def test_equal_signs_in_quoted_values_of_html_in_one_piece() -> None:
    assert both("<a title='{a} = {b}'></a>", a="'", b=" x=1") == [{"title": "' =  x=1"}] * 2


def test_an_event_calls_a_reference() -> None:
    with pytest.raises(RenderError, match="an event attribute calls an action"):
        shown("<i live-click='", "save", "'></i>")


def test_what_is_not_a_tree_is_html_in_one_piece() -> None:
    source = "</div><p class='{c}' {more} hidden='{hidden}'  inert={inert}>{items}{b}"
    values = {
        "c": "'x",
        "more": {"id": '"'},
        "hidden": False,
        "inert": True,
        "items": ["<", 1],
        "b": t("<b>"),
    }
    made = fragment_of(s(source, **values))
    assert isinstance(made, Markup)
    assert str(made) == "</div><p class='&#39;x' id=\"&#34;\"   inert>&lt;1<b>"


# As cheap as Jinja2


def sizes(before: Fragment, after: Fragment) -> int:
    return len(to_json(patch(before, after, ClientState())))


@pytest.mark.slow
def test_patches_are_as_small_as_those_of_jinja() -> None:
    def jinja_page(n: int, rows: Any) -> Fragment:
        source = (
            "<h1>{{ n }}</h1><form method='post' action='{{ save }}'><input name='q' value='{{ n }}'></form>"
            "<table><tbody>{% for id, label in rows %}<tr data-key='{{ id }}' class='{{ 'on' if id == n }}'>"
            "<td>{{ label }}</td></tr>{% endfor %}</tbody></table>"
        )
        return render(source, n=n, rows=rows, save=Call())

    def own_page(n: int, rows: Any) -> Fragment:
        row = "<tr data-key='{id}' class='{on}'><td>{label}</td></tr>"
        trs = [s(row, id=id, on="on" if id == n else "", label=label) for id, label in rows]
        source = (
            "<h1>{n}</h1><form method='post' action='{save}'><input name='q' value='{n}'></form>"
            "<table><tbody>{trs}</tbody></table>"
        )
        made = fragment_of(s(source, n=n, save=Call(), trs=trs))
        assert type(made) is Fragment
        return made

    many = [(n, f"row {n}") for n in range(1000)]
    steps = [
        (0, many),
        (1, many),
        (1, [(n, f"row {n}{' !' if n % 10 == 0 else ''}") for n in range(1000)]),
        (1, many[500:] + many[:500]),
        (1, many[1:]),
        (1, [*many[:10], (5000, "new"), *many[10:]]),
        (1, []),
    ]
    for before, after in zip(steps, steps[1:], strict=False):
        ours, jinjas = (sizes(page(*before), page(*after)) for page in (own_page, jinja_page))
        assert ours <= jinjas


# Pages


class Row(Component):
    name: str = ""
    done: bool = False

    @action
    async def toggle(self) -> None:
        self.done = not self.done

    def render(self) -> Any:
        source = "<li class='{kind}'><button form='live' formaction='{toggle}'>{name}</button></li>"
        return s(source, kind="done" if self.done else "", toggle=self.toggle, name=self.name)


class Todos(Page):
    rows: list[Row] = [Row(name="a"), Row(name="<b>")]
    q: str = ""

    @action
    async def add(self, title: str) -> None:
        self.rows = [*self.rows, Row(name=title)]

    def render(self) -> Any:
        source = (
            "<title>{count}</title><ul>{rows}</ul><form method='post' action='{add}'>"
            "<input name='title' aria-label='title'><button>Add</button></form>"
            "<form><input aria-label='q' live-bind='{field}'></form><p>{q}</p>"
        )
        field = self.live.field.q
        return s(source, count=len(self.rows), rows=self.rows, add=self.add, field=field, q=self.q)


async def function() -> Rendered | Any:
    return t("<!doctype html><html><head><title>F</title></head><body><p>", 5, "</p></body></html>")


@pytest.fixture
def live() -> Live:
    app = Live(Environment(loader=DictLoader({})), keys="k" * 32, debug=True)
    app.page("/todos")(Todos)
    app.page("/function")(function)
    return app


@both_ways
async def test_a_page_of_template_strings(browser: Browser) -> None:
    page = await browser.open("/todos")
    assert page.texts("li") == ["a", "<b>"]
    await page.click("<b>")
    assert page.attribute("li.done", "class") == "done"
    await page.fill("title", "c")
    await page.click("Add")
    assert page.texts("li") == ["a", "<b>", "c"] and "<title>3</title>" in page.html
    if browser.js:
        await page.fill("q", "typed")
        assert page.text("p") == "typed"
    assert (await browser.open("/function")).text("p") == "5"


@pytest.mark.skipif(sys.version_info < (3, 14), reason="template strings are new in Python 3.14")
def test_template_strings_of_python_itself() -> None:
    source = """t'<ul class="{kind}">{[t"<li id={n}>{n:03}</li>" for n in range(2)]}</ul>{name!r}'"""
    made = fragment_of(eval(source, {"kind": '"', "name": "<"}))
    assert type(made) is Fragment and made.plain() == (
        '<ul class="&#34;"><li id="0">000</li><li id="1">001</li></ul>&#39;&lt;&#39;'
    )
