"""Which HTML a template becomes, and where its slots stand."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import DictLoader, Environment
from markupsafe import Markup

from liveactions.exceptions import TemplateError
from liveactions.templates import Fragment, Kind, Reference, Templates


class Call(Reference):
    """A reference that is its text."""

    def __init__(self, *args: Any) -> None:
        self.args = args

    def bind(self, *args: Any, **kwargs: Any) -> Call:
        return Call(*self.args, *args)

    def url(self) -> str:
        return f"/p?_a=call~{','.join(map(str, self.args))}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Call) and self.args == other.args

    def __hash__(self) -> int:
        return hash(self.args)


def render(source: str, /, others: dict[str, str] | None = None, **variables: Any) -> Fragment:
    loader = DictLoader({"page": source, **(others or {})})
    environment = Environment(loader=loader, autoescape=True, extensions=["jinja2.ext.loopcontrols"])
    return Templates(environment, debug=True).view("page").render(variables)


def html(source: str, /, others: dict[str, str] | None = None, **variables: Any) -> str:
    return render(source, others, **variables).html()


def test_text_among_siblings_stands_between_comments() -> None:
    assert html("<p>a <b>b</b> {{ x }}</p>", x="<") == "<p>a <b>b</b> <!--(-->&lt;<!--)--></p>"


def test_an_element_of_text_only_is_one_slot() -> None:
    shown = render("<td>{{ a }} of {{ b }}</td>", a=1, b=2)
    assert shown.html() == '<td data-l=".">1 of 2</td>'
    assert shown.values == ("1 of 2",)


def test_branches_of_text_belong_to_the_text() -> None:
    source = "<p>{{ n }} item{% if n != 1 %}s{% endif %}</p>"
    assert html(source, n=1) == '<p data-l=".">1 item</p>'
    assert html(source, n=2) == '<p data-l=".">2 items</p>'


def test_an_attribute_is_one_slot() -> None:
    source = '<a class="x {{ a }} {% if b %}on{% endif %}" href=/{{ a }}>t</a>'
    shown = render(source, a='"q"', b=True)
    assert shown.html() == '<a class="x &#34;q&#34; on" href="/&#34;q&#34;" data-l="class href">t</a>'
    assert shown.values == ('x "q" on', '/"q"')


def test_an_attribute_is_decoded_by_its_own_rule() -> None:
    assert render('<a href="?a=1&copy={{ x }}">a</a>', x=2).values == ("?a=1&copy=2",)


def test_dynamic_names_are_one_slot_of_the_tag() -> None:
    source = '<input {% if on %}checked{% endif %} name="n" {{ more|xmlattr }}>'
    shown = render(source, on=True, more={"data-a": 1})
    assert shown.values == (("checked", "", "data-a", "1"),)
    assert shown.html() == '<input name="n" checked="" data-a="1" data-l="*">'


def test_an_event_has_no_attribute_and_no_bytes() -> None:
    shown = render('<a live-click="{{ go(1) }}" class="{{ c }}">x</a>', go=Call(), c="c")
    assert shown.html() == '<a class="c" data-l="@click class">x</a>'
    assert shown.at([0]) == Call(1)
    assert shown.plain() == '<a live-click="/p?_a=call~1" class="c">x</a>'


def test_a_form_brings_the_hidden_field_first() -> None:
    shown = render('<form action="{{ go }}" id="f"><button>b</button></form>', go=Call(2))
    assert shown.html("<input>") == (
        '<form id="f" method="post" data-l="action" action="/p?_a=call~2"><input><button>b</button></form>'
    )


def test_raw_html_with_a_form_of_ours_brings_it_too() -> None:
    form = Markup(
        '<form method="post" action="/p?_a=x"><b></b></form><form action="https://e.org/?_a=x"></form>'
    )
    assert render("<div>{{ f }}</div>", f=form).html("<input>").count("<input>") == 1


@pytest.mark.parametrize("name", ["title", "textarea", "script", "style", "noscript"])
def test_raw_text_is_one_slot(name: str) -> None:
    shown = render(f"<{name}>a {{{{ x }}}} b</{name}>", x=1)
    assert shown.html() == f'<{name} data-l=".">a 1 b</{name}>'
    assert shown.values == ("a 1 b",)


def test_white_space_around_a_block_in_text_stays() -> None:
    source = "<textarea>  {% block a %}x{% endblock %} </textarea>"
    source += "<p class=' {% block b %}k{% endblock %} '></p>"
    assert render(source).plain() == '<textarea>  x </textarea><p class=" k "></p>'


def test_lists_of_elements_have_no_comments_between() -> None:
    source = "<ul>\n  {%- for x in xs %}\n  <li>{{ x }}</li>\n  {%- endfor %}</ul>"
    assert html(source, xs="ab") == (
        '<ul data-l="[3,0">\n  <li data-l=".">a</li>\n  <li data-l=".">b</li></ul>'
    )


def test_lists_that_fill_a_part_of_a_table_have_no_comments_around_them() -> None:
    """White space beside them is never shown, so it is left out."""
    rows = "{%- for x in xs %}\n  <tr><td>{{ x }}</td></tr>\n  {%- endfor %}"
    assert html(f"<table><tbody>\n  {rows}\n</tbody></table>", xs="a") == (
        '<table><tbody data-l="[3,0">\n  <tr><td data-l=".">a</td></tr></tbody></table>'
    )
    assert "<!--[3,0-->" in html(f"<table><tbody>{rows}\n  {rows}</tbody></table>", xs="a")


def test_other_lists_end_each_item_with_a_comment() -> None:
    assert html("<p>{% for x in xs %}{{ x }}<br>{% endfor %}</p>", xs="ab") == (
        '<p data-l="["><!--(-->a<!--)--><br><!--,--><!--(-->b<!--)--><br><!--,--></p>'
    )


def test_end_tags_that_may_be_left_out_are_written() -> None:
    assert html("<ul>{% for x in xs %}<li>{{ x }}{% endfor %}</ul>", xs="a") == (
        '<ul data-l="[0,0"><li data-l=".">a</li></ul>'
    )


def test_a_row_directly_in_a_table_gets_its_body() -> None:
    assert html("<table>{% for x in xs %}<tr><td>{{ x }}</td></tr>{% endfor %}</table>", xs="a") == (
        '<table><tbody data-l="[0,0"><tr><td data-l=".">a</td></tr></tbody></table>'
    )


def test_macros_blocks_and_includes_stay_fragments() -> None:
    source = (
        "{% extends 'base' %}{% macro m(x) %}<b>{{ x }}</b>{{ caller() }}{% endmacro %}"
        "{% block a %}{{ super() }}{% set c = m %}{% call c(1) %}<i>{{ x }}</i>{% endcall %}"
        "{% include 'inc' %}{% endblock %}"
    )
    others = {"base": "<div>{% block a %}<u>{{ x }}</u>{% endblock %}</div>", "inc": "<s>{{ x }}</s>"}
    shown = render(source, others, x=2)
    assert shown.plain() == "<div><u>2</u><b>1</b><i>2</i><s>2</s></div>"
    assert "{'h'" not in repr(shown.values)
    assert all(isinstance(value, Fragment) for value in shown.values[0].values)


def test_a_macro_that_is_used_as_text_is_markup() -> None:
    assert html("{% macro m() %}<b>x</b>{% endmacro %}<p>{{ m()|upper }}</p>") == '<p data-l="."><B>X</B></p>'


def test_what_is_no_tree_degrades_to_raw_html() -> None:
    source = "<main>{% if x %}<div>{% endif %}t{% if x %}</div>{% endif %}</main>"
    shown = render(f"<section>{{% with %}}{source}{{% endwith %}}</section>", x=1)
    assert shown.values == (Markup("<main><div>t</div></main>"),)
    assert shown.shape.kinds == (Kind.CHILD,)


def test_raw_html_that_is_no_tree_degrades_what_it_is_in() -> None:
    shown = render("<p>{{ a }}text{{ b }}</p>", a=Markup("<b>"), b=Markup("</b>"))
    assert shown.plain() == "<p><b>text</b></p>"


def test_look_alikes_of_markers_are_changed() -> None:
    shown = render('<i data-l=".">{{ x }}</i><!--(-->', x=Markup('<b data-l="class">b</b><!--,-->'))
    assert shown.html() == '<i data-l-="." data-l="."><b data-l-="class">b</b><!-- ,--></i><!-- (-->'


def test_the_words_of_a_marker_in_text_stay() -> None:
    assert render("<p>{{ x }}</p>", x=Markup('<b>b</b> data-l="."')).plain() == '<p><b>b</b> data-l="."</p>'


@pytest.mark.parametrize(
    ("source", "line", "word"),
    [
        ("<table>\n<tr>text</tr></table>", 2, "<td>"),
        ("<html><head></head>\n\n{{ x }}<body></body></html>", 3, "<body>"),
        ("a\n{% extends 'base' %}", 1, "block"),
    ],
)
def test_what_browsers_would_not_keep_is_an_error(source: str, line: int, word: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(source, {"base": ""}, x=1)
    assert caught.value.lineno == line
    assert word in str(caught.value)


def test_svg_shapes_say_so() -> None:
    shown = render("<svg>{% for x in xs %}<circle r='{{ x }}'/>{% endfor %}</svg>", xs="1")
    [item] = shown.values[0].fragments
    assert item.shape.namespace == "svg"
    assert shown.html() == '<svg data-l="[0,0"><circle r="1" data-l="r"/></svg>'


def test_without_autoescape_everything_is_markup() -> None:
    assert html("<p>{% autoescape false %}{{ x }}{% endautoescape %}</p>", x="<b>b</b>") == (
        '<p data-l="."><b>b</b></p>'
    )


def test_an_environment_without_autoescape() -> None:
    environment = Environment(loader=DictLoader({"page": '<p title="{{ x }}">{{ x }}</p>'}))
    shown = Templates(environment).view("page").render({"x": "<b>b</b>"})
    assert shown.plain() == '<p title="&lt;b&gt;b&lt;/b&gt;"><b>b</b></p>'


def test_addresses_lead_through_fragments_and_items() -> None:
    link = "<a live-click='{{ go(y) }}'>{{ y }}</a>"
    source = f"<div>{{% if x %}}<p>{{% for y in ys %}}{link}{{% endfor %}}</p>{{% endif %}}</div>"
    shown = render(source, x=1, ys=[7, 8], go=Call())
    assert shown.at([0, 0, 1, 0]) == Call(8)
    for wrong in ([9], [0, 0, 5, 0], [0, 0, 1, 0, 0], [-1]):
        with pytest.raises(LookupError):
            shown.at(wrong)


def test_lists_in_tables_stay_lists() -> None:
    source = (
        "<table><tbody>{% for row in [[1], [2]] %}<tr>{% for n in row %}<td>{{ n }}</td>{% endfor %}</tr>"
        "{% endfor %}</tbody></table>"
    )
    assert html(source).count("<td") == 2 and 'data-l="[' in html(source)
