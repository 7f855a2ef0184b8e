"""Tags of components: what they become, what they are checked for, and where errors are."""

from __future__ import annotations

import json
import re
import traceback
from dataclasses import dataclass
from typing import Any

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined, TemplateSyntaxError

from liveactions.diff.client_state import ClientState
from liveactions.diff.fragments import patch
from liveactions.exceptions import TemplateError
from liveactions.templates import Fragment, Templates
from liveactions.templates.diagnostics import Advice, Adviser, location_of
from tests.templates.test_plan import Call

CARD = """{# props title: str, tone: Literal["info", "warn"] = "info", open: bool = False #}
<section class="card {{ tone }}" {{ attrs }}>
  <h2>{{ title }}</h2>
  <div>{{ slots.default }}</div>
  {% if open %}<hr>{% endif %}
  {% if slots.footer %}<footer>{{ slots.footer }}</footer>{% else %}<footer>none</footer>{% endif %}
</section>
"""
FIELD = """{# props label: str, name: str, hint = none, id = name + "-field" #}
<label for="{{ id }}">{{ label }}</label>
<input name="{{ name }}" id="{{ id }}" {{ attrs }} type="text">
{% if hint %}<small>{{ hint }}</small>{% endif %}
"""
COMPONENTS = {
    "components/Card.html": CARD,
    "components/forms/Field.html": FIELD,
    "components/List.html": (
        "{# props items: list #}\n"
        '<ul>{% for item in items %}<li data-key="{{ item.id }}">{{ item.label }} {{ slots.default }}</li>'
        "{% endfor %}</ul>"
    ),
    "components/Row.html": (
        "{# props row #}\n"
        '<tr data-key="{{ row.id }}" {{ attrs }}><td>{{ row.label }}</td><td>{{ slots.default }}</td></tr>'
    ),
    "components/Button.html": (
        '{# props action, label: str = "" #}\n'
        '<button class="button" type="button" {{ attrs }} live-click="{{ action }}">'
        "{% if slots.default %}{{ slots.default }}{% else %}{{ label }}{% endif %}</button>"
    ),
    "components/Danger.html": (
        "{# props action #}\n"
        '<Button action="{{ action }}" class="danger" {{ attrs }}>{{ slots.default }}</Button>'
    ),
    "components/Twice.html": (
        "{# props text #}\n{% set text = text|upper %}<b>{{ text }}</b><i>{{ text }}</i>"
    ),
    "components/Pairs.html": (
        "{# props rows: list #}\n"
        '<ul>{% for row in rows %}<li data-key="{{ row.id }}">{{ slots.default(row, row.label|upper) }}</li>'
        "{% endfor %}</ul>"
    ),
    "components/Pass.html": (
        '{# props rows: list #}\n<Pairs rows="{{ rows }}" let="x, y">{{ slots.default(y, x) }}</Pairs>'
    ),
    "components/User.html": "<b>{{ context.user.name }}</b>",
}


@dataclass(frozen=True)
class Item:
    id: int
    label: str


@dataclass(frozen=True)
class User:
    name: str


BEFORE: dict[str, Any] = {
    "t": "one",
    "n": 1,
    "flag": False,
    "rows": (Item(1, "a"), Item(2, "b")),
    "user": User("Ada"),
    "save": Call(),
}
AFTER: dict[str, Any] = {
    "t": "<two>",
    "n": 2,
    "flag": True,
    "rows": (Item(2, "b"), Item(1, "c"), Item(3, "d")),
    "user": User("Grace"),
    "save": Call(),
}


def templates(source: str, /, others: dict[str, str] | None = None, **options: Any) -> Templates:
    loader = DictLoader({"page": source, **COMPONENTS, **(others or {})})
    return Templates(Environment(loader=loader, autoescape=True, **options), debug=True)


def render(source: str, /, others: dict[str, str] | None = None, **variables: Any) -> Fragment:
    return templates(source, others).view("page").render(variables)


def plain(source: str, /, others: dict[str, str] | None = None, **variables: Any) -> str:
    return render(source, others, **variables).plain()


def patches(source: str) -> tuple[str, str, str]:
    """Return the HTML of a page with its markers, and patches to another state and back."""
    view = templates(source).view("page")
    first = view.render(BEFORE)
    second = view.render(AFTER, first)
    third = view.render(BEFORE, second)
    state = ClientState()
    return first.html(), json.dumps(patch(first, second, state)), json.dumps(patch(second, third, state))


def code(source: str) -> str:
    """Return the code that is generated for a template, without its lines and the names of variables."""
    generated = templates(source).environment.compile(source, "page", raw=True)
    assert isinstance(generated, str)
    generated = re.sub(r"'page', \d+\), .*|(debug_info|constant_lists) = .*", "", generated)
    return re.sub(r"_[A-Z][a-z]+\d+_", "", generated)


PAIRS = {
    "props": (
        '<main><Card title="{{ t }}"/></main>',
        '<main><section class="card info">\n  <h2>{{ t }}</h2>\n  <div></div>\n  \n  '
        "<footer>none</footer>\n</section></main>",
    ),
    "text with expressions": (
        '<main><Card title="No. {{ n }}: {{ t }}" open/></main>',
        '<main><section class="card info">\n  <h2>No. {{ n }}: {{ t }}</h2>\n  <div></div>\n  <hr>\n  '
        "<footer>none</footer>\n</section></main>",
    ),
    "slots and attributes": (
        '<Card title="{{ t }}" tone="warn" class="big {{ n }}" id="c" open="{{ flag }}">'
        "<p>{{ n }}</p><:footer>{{ t }}</:footer></Card>",
        '<section class="card warn big {{ n }}" id="c">\n  <h2>{{ t }}</h2>\n  <div><p>{{ n }}</p></div>\n  '
        "{% if flag %}<hr>{% endif %}\n  <footer>{{ t }}</footer>\n</section>",
    ),
    "nested folders": (
        '<forms.Field label="Name &amp; title" name="name" value="{{ t }}" type="email"/>',
        '<label for="name-field">Name &amp; title</label>\n'
        '<input name="name" id="name-field" value="{{ t }}" type="email">',
    ),
    "in a loop": (
        '<table><tbody>{% for row in rows %}<Row row="{{ row }}" class="{{ \'on\' if row.id == n }}">'
        "{{ t }}</Row>{% endfor %}</tbody></table>",
        "<table><tbody>{% for row in rows %}"
        '<tr data-key="{{ row.id }}" class="{{ \'on\' if row.id == n }}">'
        "<td>{{ row.label }}</td><td>{{ t }}</td></tr>"
        "{% endfor %}</tbody></table>",
    ),
    "a loop of its own": (
        '<div><List items="{{ rows }}"><b>{{ n }}</b></List></div>',
        '<div><ul>{% for item in rows %}<li data-key="{{ item.id }}">{{ item.label }} <b>{{ n }}</b></li>'
        "{% endfor %}</ul></div>",
    ),
    "actions": (
        '{% for row in rows %}<p data-key="{{ row.id }}">'
        '<Button action="{{ save(row.id) }}" label="{{ t }}"/></p>'
        "{% endfor %}",
        '{% for row in rows %}<p data-key="{{ row.id }}"><button class="button" type="button" '
        'live-click="{{ save(row.id) }}">{{ t }}</button></p>{% endfor %}',
    ),
    "components in components": (
        '<p><Danger action="{{ save }}" class="x" type="submit" title="{{ t }}">Delete {{ n }}</Danger></p>',
        '<p><button class="button danger x" type="submit" title="{{ t }}" live-click="{{ save }}">'
        "Delete {{ n }}</button></p>",
    ),
    "components in slots": (
        '<Card title="x"><Card title="{{ t }}">{{ n }}</Card><:footer><User/></:footer></Card>',
        '<section class="card info">\n  <h2>x</h2>\n  '
        '<div><section class="card info">\n  <h2>{{ t }}</h2>\n  '
        "<div>{{ n }}</div>\n  \n  <footer>none</footer>\n</section></div>\n  \n  "
        "<footer><b>{{ user.name }}</b></footer>\n</section>",
    ),
    "values for slots": (
        '<div><Pairs rows="{{ rows }}" let="person"><b>{{ person.label }}</b> {{ n }}</Pairs></div>',
        '<div><ul>{% for row in rows %}<li data-key="{{ row.id }}"><b>{{ row.label }}</b> {{ n }}</li>'
        "{% endfor %}</ul></div>",
    ),
    "in a branch": (
        "<div>{% if flag %}<Card title='{{ t }}'/>{% else %}<User/>{% endif %}</div>",
        '<div>{% if flag %}<section class="card info">\n  <h2>{{ t }}</h2>\n  <div></div>\n  \n  '
        "<footer>none</footer>\n</section>{% else %}<b>{{ user.name }}</b>{% endif %}</div>",
    ),
}
pairs = pytest.mark.parametrize(("tags", "by_hand"), PAIRS.values(), ids=PAIRS.keys())


@pairs
def test_a_page_with_tags_has_the_patches_of_one_written_by_hand(tags: str, by_hand: str) -> None:
    spaced = patches(tags)
    assert spaced == patches(by_hand)
    assert spaced[1] != "[]"


@pairs
def test_a_page_with_tags_runs_the_code_of_one_written_by_hand(tags: str, by_hand: str) -> None:
    assert code(tags) == code(by_hand)


WRONG = {
    "unknown component": (
        "<Crad/>",
        "page, line 2: <Crad>: there is no component 'components/Crad.html'; did you mean 'Card'?",
    ),
    "unknown folder": ("<form.Field/>", "did you mean 'forms.Field'?"),
    "missing prop": ("<Card/>", "page, line 2: <Card> needs title"),
    "misspelled prop": ('<Card titel="x"/>', "<Card> needs title; did you mean it by 'titel'?"),
    "wrong literal": (
        '<Card title="x" tone="wran"/>',
        "page, line 2: <Card> tone is one of 'info', 'warn', not 'wran'; did you mean 'warn'?",
    ),
    "wrong constant": ("<Card title='x' tone='{{ 1 }}'/>", "tone is one of 'info', 'warn', not 1"),
    "text for a bool": (
        '<Card title="x" open="false"/>',
        "open is bool, not 'false': write open, or open=\"{{ … }}\"",
    ),
    "text for a list": (
        '<List items="{{ n }}{{ n }}"/>',
        'items is text here: write items="{{ … }}" for a value',
    ),
    "no value": ("<Card title/>", "title is str, not True"),
    "unknown prop": (
        '<List items="{{ rows }}" itmes="x"/>',
        "<List> has no prop 'itmes'; did you mean 'items'?",
    ),
    "prop twice": ('<Card title="a" title="b"/>', "<Card> has title twice"),
    "unknown slot": (
        '<Card title="x">\n<:foter>x</:foter></Card>',
        "page, line 3: <Card> has no slot 'foter'; did you mean 'footer'?",
    ),
    "slot twice": ('<Card title="x"><:footer/><:footer/></Card>', "<:footer> is there twice"),
    "slot elsewhere": ("<p><:footer>x</:footer></p>", "<:footer> is directly in the tag of a component"),
    "no content": ("<User>x</User>", "<User> takes no content: it has no {{ slots.default }}"),
    "not closed": ('<Card title="x">', "<Card> isn't closed here: write </Card>"),
    "closed in a branch": (
        '{% if n %}<Card title="x">{% endif %}</Card>',
        "<Card> isn't closed here: write </Card>",
    ),
    "not opened": ("</Card>", "</Card> has no start tag in this place"),
    "crossed": (
        '<Card title="x"><:footer>x</Card>',
        "</Card> has no start tag in this place; </:footer> is expected here",
    ),
    "statement in a prop": (
        '<Card title="{% if n %}a{% endif %}"/>',
        "<Card> title: write an expression, {{ a if b else c }}",
    ),
    "statement among props": (
        '<List items="{{ rows }}" {% if n %}x{% endif %}/>',
        "<List> takes props only: write each as a name with a value",
    ),
    "attributes of a slot": (
        '<Card title="x"><:footer id="x"/></Card>',
        "takes no attributes, except for let",
    ),
    "names of a slot": (
        '<Card title="x"><:footer let="a"/></Card>',
        "<Card> gives 0 values to the slot 'footer', not 1",
    ),
    "no names": ('<Pairs rows="{{ rows }}" let="a b"/>', 'let="…" has names, separated by commas'),
    "names are set": (
        '<Pairs rows="{{ rows }}" let="a">{% set a = 1 %}</Pairs>',
        "'a' is a name of let, and can't be set",
    ),
    "attrs in a page": (
        '<Card title="x" {{ attrs }}/>',
        "{{ attrs }} passes attributes on in components only",
    ),
}


def told(error: TemplateError) -> str:
    return f"{error.name}, line {error.lineno}: {error.message}"


@pytest.mark.parametrize(("body", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_tag_is_an_error_when_it_is_compiled(body: str, message: str) -> None:
    with pytest.raises(TemplateError) as error:
        templates(f"<h1>{{{{ t }}}}</h1>\n{body}").view("page")
    assert message in told(error.value)
    assert str(error.value).startswith("page, line ")


WRONG_FILES = {
    "syntax": ("{# props title: str, , #}", "components/Bad.html, line 1: props: invalid syntax"),
    "attributes": ("{# props **rest #}", "other attributes of the tag are in {{ attrs }}"),
    "upper case": ("{# props maxItems: int #}", "the prop 'maxItems' must be in lower case"),
    "reserved": ("{# props slots #}", "the prop 'slots' is reserved"),
    "default": ('{# props n: int = "x" #}', "the default of n is int, not 'x'"),
    "default's syntax": (
        "{# props n = lambda: 1 #}",
        "components/Bad.html, line 1: props: the default 'lambda: 1'",
    ),
    "not first": (
        "<p>\n{# props n #}",
        "components/Bad.html, line 2: props are declared before everything else",
    ),
    "undeclared": (
        "{# props title #}\n<p>\n{{ titel }}",
        "components/Bad.html, line 3: <Bad> has no prop 'titel'; did you mean 'title'?",
    ),
    "of the page": ("{{ user }}", "declare it, or write {{ context.user }} for a variable of the page"),
    "block": ("\n{% block x %}{% endblock %}", "components/Bad.html, line 2: a component can't have blocks"),
    "include": ("{% include 'x' %}", "write a component, or 'without context'"),
    "itself": ("<p>\n<Bad/></p>", "components/Bad.html, line 2: <Bad> in <Bad>: a part that contains itself"),
    "inner tag": ("\n\n<Card/>", "components/Bad.html, line 3: <Card> needs title"),
    "attrs in text": ("<p>\n{{ attrs }}</p>", "line 2: {{ attrs }} is on its own in a start tag"),
    "attrs in an attribute": ('<p class="a {{ attrs }}">', "{{ attrs }} is on its own in a start tag"),
    "a slot in an expression": (
        "{{ slots.a or 1 }}",
        "a slot is shown by {{ slots.a }}, or asked for by {% if",
    ),
    "slots": ("{{ slots }}", "name one of the slots: {{ slots.… }}"),
    "browsers move it": (
        "<table>\n<tr>\n<td></td>x</tr></table>",
        "components/Bad.html, line 3: browsers don't keep text directly in <tr>",
    ),
    "event": ("\n<p live-click.ecsape='{{ context.save }}'>", "components/Bad.html, line 2: "),
}


@pytest.mark.parametrize(("component", "message"), WRONG_FILES.values(), ids=WRONG_FILES.keys())
def test_a_wrong_component_is_an_error_with_its_own_line(component: str, message: str) -> None:
    with pytest.raises(TemplateError) as error:
        templates("<h1>{{ t }}</h1>\n\n\n<Bad/>", {"components/Bad.html": component}).view("page")
    assert message in told(error.value)


@pytest.mark.parametrize(
    ("component", "message"),
    [("\n{% if %}", "Expected an expression"), ("\n{{ 1|uper }}", "No filter named 'uper'")],
)
def test_syntax_errors_are_those_of_the_component(component: str, message: str) -> None:
    with pytest.raises(TemplateSyntaxError, match=message) as error:
        templates("<Bad/>", {"components/Bad.html": component}).view("page")
    assert (error.value.name, error.value.lineno) == ("components/Bad.html", 2)


def test_what_comes_after_a_component_has_the_line_of_its_page() -> None:
    with pytest.raises(TemplateError) as error:
        templates('<Card\ntitle="x">\n</Card>\n<table>\n<caption></caption>x</table>').view("page")
    assert str(error.value).startswith(
        "page, line 5, column 20: browsers don't keep text directly in <table>"
    )


def test_an_exception_in_a_component_names_its_template_and_line() -> None:
    broken = {"components/Bad.html": "{# props n: int #}\n<p>\n{{ 1 // n }}</p>"}
    with pytest.raises(ZeroDivisionError) as error:
        render("<p>\n\n\n\n<Bad n='{{ n }}'/></p>", broken, n=0)
    assert location_of(error.value) == "in the template components/Bad.html, line 3"
    [*_, frame] = traceback.extract_tb(error.value.__traceback__)
    assert (frame.filename, frame.lineno) == ("components/Bad.html", 3)
    shown = {"components/Bad.html": "{# props n: int #}\n<b>{{ n }}</b>"}
    with pytest.raises(ZeroDivisionError) as error:
        render("<p>\n\n\n<Bad n='{{ 1 // n }}'/></p>", shown, n=0)
    assert location_of(error.value) == "in the template page, line 4"


def test_advice_names_the_template_and_line() -> None:
    component = "{# props rows: list #}\n<ul>\n{% for r in rows %}<li>{{ r }}</li>{% endfor %}</ul>"
    one = templates("<h1>{{ t }}</h1>\n<Bad rows='{{ rows }}'/>", {"components/Bad.html": component})
    shown = one.view("page").render({"t": "x", "rows": [{}, {}]})
    texts = [advice.text for advice in Adviser(one).look(shown)]
    assert texts and texts[0].startswith("components/Bad.html, line 3: the items of this list have no keys")


def test_debug_mode_says_which_attributes_look_like_props() -> None:
    component = {"components/Tip.html": "{# props text: str = '' #}\n<p {{ attrs }}>{{ text }}</p>"}
    one = templates("<h1>{{ t }}</h1>\n<Tip txet='x' x-text='y' id='z'/>", component)
    shown, adviser = one.view("page").render({"t": "x"}), Adviser(one)
    assert list(adviser.look(shown)) == [
        Advice("LA011", "page, line 2: <Tip> passes 'txet' on as an attribute; did you mean its prop 'text'?")
    ]
    assert list(adviser.look(shown)) == []


@pytest.mark.parametrize(
    "source",
    [
        "<!-- <Card> -->",
        "<script>let x = '<Card>'</script>",
        '<p title="&lt;Card&gt;">x</p>',
        "<textarea><Card></textarea>",
        "<DIV>x</DIV>",
        "<p>a &lt; 2 < Card</p>",
    ],
)
def test_what_is_no_tag_of_a_component_stays(source: str) -> None:
    assert plain(f'<div>{source}<Card title="x"/></div>').startswith(f"<div>{source}<section")


def test_tags_in_raw_blocks_stay() -> None:
    shown = plain('<main>{% raw %}&lt;<Card>{{ x }}</Card>{% endraw %}<Card title="x"/></main>')
    assert shown.startswith("<main>&lt;<Card>{{ x }}</Card><section")


def test_a_name_that_a_component_sets_is_its_own() -> None:
    source = '{% set text = "mine" %}<p><Twice text="a"/> {{ text }} <Twice text="{{ text }}"/></p>'
    assert plain(source) == "<p><b>A</b><i>A</i> mine <b>MINE</b><i>MINE</i></p>"


def test_a_loop_around_a_tag_is_that_of_its_page() -> None:
    source = (
        "{% for x in 'ab' %}<List items='{{ rows }}'>{{ loop.index }}/{{ loop.length }}</List>{% endfor %}"
    )
    shown = plain(source, rows=[Item(1, "r"), Item(2, "s")])
    assert re.findall(r"\d/\d", shown) == ["1/2", "1/2", "2/2", "2/2"]


def test_values_keep_their_type() -> None:
    kinds = {
        "components/Kind.html": "{# props v, w=1 #}\n<b>{{ v is mapping }}{{ v is string }}{{ w is integer }}"
        "</b>"
    }
    assert plain("<p><Kind v='{{ d }}' w='{{ 2 }}'/></p>", kinds, d={}) == "<p><b>TrueFalseTrue</b></p>"
    assert plain("<p><Kind v='{{ d }} ' w='2'/></p>", kinds, d={}) == "<p><b>FalseTrueFalse</b></p>"
    typed = {"components/Kind.html": "{# props n: int | None, r: float = 1 #}\n<b>{{ n + r }}</b>"}
    assert plain("<p><Kind n='2' r='1.5'/></p>", typed) == "<p><b>3.5</b></p>"


def test_a_value_that_takes_time_is_computed_once() -> None:
    calls: list[int] = []

    def slow() -> str:
        calls.append(1)
        return "x"

    assert plain("<p><Twice text='{{ slow() }}'/></p>", slow=slow) == "<p><b>X</b><i>X</i></p>"
    twice = {"components/Two.html": "{# props a #}\n<b>{{ a }}</b><i>{{ a }}</i>"}
    calls.clear()
    templates("<p><Two a='{{ slow() }}'/></p>", twice)
    loader = DictLoader({"page": "<p><Two a='{{ slow() }}'/></p>", **twice})
    Templates(Environment(loader=loader, autoescape=True)).view("page").render({"slow": slow})
    assert calls == [1]


def test_text_in_tags_is_escaped_once() -> None:
    source = """<p><Twice text="{{ a }}&amp;'<"/><Danger action="" title="{{ a }}&quot;" x="{{ b }}"/></p>"""
    shown = plain(source, a='"&', b="<i>")
    assert shown.startswith("<p><b>&#34;&amp;&amp;'&lt;</b>") or "&#34;&amp;&amp;" in shown
    assert 'title="&#34;&amp;&#34;"' in shown
    assert 'x="&lt;i&gt;"' in shown


def test_addresses_in_attributes_that_are_passed_on_run_no_scripts() -> None:
    link = {
        "components/Link.html": "<a {{ attrs }}>x</a>",
        "components/To.html": "{# props to #}\n<a href='{{ to }}'>x</a>",
    }
    assert 'href="unsafe:javascript:x"' in plain("<Link href='{{ a }}'/>", link, a="javascript:x")
    assert 'href="unsafe:javascript:x"' in plain("<p><To to='{{ a }}'/></p>", link, a="javascript:x")


def test_includes_blocks_and_macros() -> None:
    others = {
        "base": "<main>{% block main %}{% endblock %}</main>",
        "part": '<Card title="{{ t }}"/>',
        "components/Wrap.html": "<div>{% macro b(x) %}<b>{{ x }}</b>{% endmacro %}"
        "{{ b('m') }}{{ slots.default }}</div>",
    }
    source = (
        '{% extends "base" %}{% macro c(x) %}<i>{{ caller() }}{{ x }}</i>{% endmacro %}'
        '{% block main %}{{ super() }}<Wrap>{% include "part" %}'
        '{% call c(t) %}<Twice text="q"/>{% endcall %}</Wrap>'
        "{% endblock %}"
    )
    shown = re.sub(r"\s+", "", plain(source, others, t="T"))
    assert '<div><b>m</b><sectionclass="cardinfo"><h2>T</h2>' in shown
    assert shown.endswith("<i><b>Q</b><i>Q</i>T</i></div></main>")


def test_strict_undefined_and_other_delimiters() -> None:
    loader = DictLoader(
        {
            "page": '<p><A1a t="[[ t ]]"/></p>',
            "components/A1a.html": "[# props t: str #]\n<b [[ attrs ]]>[[ t ]]</b>",
        }
    )
    marks = {
        "variable_start_string": "[[",
        "variable_end_string": "]]",
        "comment_start_string": "[#",
        "comment_end_string": "#]",
    }
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, **marks)  # type: ignore[arg-type]
    assert Templates(environment).view("page").render({"t": "x"}).plain() == "<p><b>x</b></p>"


def test_a_component_that_is_saved_is_used() -> None:
    files = {
        "page": "<p><Inner/></p>",
        "components/Inner.html": "<Leaf/>",
        "components/Leaf.html": "<b>1</b>",
    }
    one = Templates(Environment(loader=DictLoader(files), autoescape=True, auto_reload=True), debug=True)
    view = one.view("page")
    assert view.render({}).plain() == "<p><b>1</b></p>"
    files["components/Leaf.html"] = "<b>2</b>"
    assert view.render({}).plain() == "<p><b>2</b></p>"
    files["components/Leaf.html"] = "<b>3</b>"
    assert one.view("page").render({}).plain() == "<p><b>3</b></p>"


STYLED = {
    "components/Tag.html": (
        '<b class="Tag">{{ slots.default }}</b>\n<style>\n.x { color: red }\n</style>\n'
        '<script>import { hook } from "./hooks.js"</script>\n<script type="application/json">{}</script>'
    ),
    "components/forms/Tag.html": '<b class="a forms-Tag {{ context.x }}"></b>',
    "components/forms/Tag.css": ':scope { content: "}" } /* { */',
    "components/Plain.html": "<style>p { color: {{ context.x }} }</style>",
}


def test_styles_and_scripts_are_in_files_of_their_own() -> None:
    others = {name: source for name, source in STYLED.items() if "Plain" not in name}
    found = templates("", others).component_files()
    scope = (
        '@scope (.Tag) {\n.x { color: red }\n}\n@scope (.forms-Tag) {\n:scope { content: "}" } /* { */\n}\n'
    )
    assert found == {"components.css": scope, "Tag.js": 'import { hook } from "./hooks.js"'}
    shown = plain("<p><Tag>x</Tag></p>", others)
    assert shown == '<p><b class="Tag">x</b>\n\n\n<script type="application/json">{}</script></p>'
    assert templates("", {}).component_files() == {}


def test_the_style_of_a_folder_is_for_the_page_and_comes_first() -> None:
    theme = {"components/forms/theme.css": ":root { --x: 1px }"}
    found = templates("", {**STYLED, **theme} | {"components/Plain.html": ""}).component_files()
    assert found["components.css"].startswith(":root { --x: 1px }\n@scope (.Tag) {")


def test_pages_load_the_files_of_the_kits_components_that_templates_use() -> None:
    found = templates('<ui.Confirm id="a" title="Sure?" action="{{ x }}"/>', {}).component_files()
    assert found.keys() == {"components.css", "ui.Dialog.js"}
    assert ".ui-Button" in found["components.css"] and ".ui-Field" not in found["components.css"]
    assert "--ui-accent" in found["components.css"].partition("@scope")[0]


def test_a_component_of_the_application_comes_before_one_of_the_kit() -> None:
    own = {"components/ui/Button.html": "<b>{{ slots.default }}</b>"}
    assert plain("<p><ui.Button>x</ui.Button></p>", own) == "<p><b>x</b></p>"
    assert templates("<ui.Button>x</ui.Button>", own).component_files() == {}


def test_a_component_compares_values() -> None:
    component = {"components/Size.html": "{# props n: int #}\n{% if 1 < n < 3 %}<b>{{ n }}</b>{% endif %}"}
    assert plain("<p><Size n='{{ x }}'/></p>", component, x=2) == "<p><b>2</b></p>"


WRONG_STYLES = {
    "no class": (
        '<b class="Bat Bad-x Bad{{ 1 }}"></b><style>p {}</style>',
        'for an element with class="Bad"',
    ),
    "brace": (
        '<b class="Bad"></b><style>p { a: "{" }} q {</style>',
        "the style of <Bad> has an unmatched '}'",
    ),
    "expression": (
        '<b class="Bad"></b>\n<style>p { a: {{ x }} }</style>',
        "line 2: a component has one style",
    ),
}


@pytest.mark.parametrize(("component", "message"), WRONG_STYLES.values(), ids=WRONG_STYLES.keys())
def test_a_wrong_style_is_an_error(component: str, message: str) -> None:
    one = templates("<Bad/>", {"components/Bad.html": component})
    with pytest.raises(TemplateError) as error:
        one.view("page")
    assert message in told(error.value)
    assert "Bad.js" not in one.component_files()


def test_slots_and_attributes_are_passed_on() -> None:
    others = {
        "components/Outer.html": '<Inner {{ attrs }} class="o">{{ slots.default }}</Inner>',
        "components/Inner.html": (
            '<p class="i" title="own" {{ attrs }}>'
            "{% if slots.default %}{{ slots.default }}{% else %}none{% endif %}</p>"
        ),
        "components/NoClass.html": "<i {{ attrs }}></i>",
        "components/Deep.html": '<NoClass class="d" title="d" {{ attrs }}/>',
    }
    assert plain("<div><Outer/></div>", others) == '<div><p class="i o" title="own">none</p></div>'
    shown = plain('<div><Outer class="x" title="t" id="i">c</Outer></div>', others)
    assert shown == '<div><p class="i o x" title="t" id="i">c</p></div>'
    assert plain('<div><Deep id="i"/></div>', others) == '<div><i class="d" title="d" id="i"></i></div>'
    shown = plain('<div><Deep class="e" id="i" title="t"/></div>', others)
    assert shown == '<div><i class="d e" id="i" title="t"></i></div>'


def test_xml_and_plain_text_have_no_components() -> None:
    shown = Templates(Environment(loader=DictLoader({"a.xml": "<Url>{{ x }}</Url>"}), autoescape=True))
    assert "<Url>1</Url>" in shown.view("a.xml").render({"x": 1}).plain()


def test_lines_are_right_after_a_long_text() -> None:
    rows = '<p class="a" id="b">\n{# c #}</p>\n' * 200
    with pytest.raises(TemplateError, match="page, line 402, column 1: <Card> needs title"):
        templates(f"{{# c #}}\n{rows}<Card/>").view("page")


def test_slots_are_given_values() -> None:
    source = (
        "{% set y = 'mine' %}<Pass rows='{{ rows }}' let='upper, row'>{{ upper }}{{ row.id }}{{ y }}</Pass>"
    )
    shown = plain(f"<div>{source}</div>", rows=BEFORE["rows"])
    assert re.findall(r"<li.*?>(.*?)</li>", shown) == ["A1mine", "B2mine"]


MACROS = """{% macro card(title, tone="info") %}<section class="card {{ tone }}">
  <h2>{{ title }}</h2>
  <div>{{ caller() }}</div>
  \n  <footer>none</footer>
</section>{% endmacro %}
{%- macro line(row, class="") %}<tr data-key="{{ row.id }}" class="{{ class }}"><td>{{ row.label }}</td>
{%- if caller %}<td>{{ caller() }}</td>{% endif %}</tr>{% endmacro %}
{%- macro name(user) %}<b>{{ user.name }}</b>{% endmacro %}
{%- macro two(user) %}<i>{{ name(user) }}{{ name(user=user) }}</i>{% endmacro %}"""
SAME = {
    "a card": (
        '<main><Card title="{{ t }}"><b>{{ n }}</b></Card></main>',
        "<main>{% call card(t) %}<b>{{ n }}</b>{% endcall %}</main>",
        '<main><section class="card info">\n  <h2>{{ t }}</h2>\n  <div><b>{{ n }}</b></div>\n  \n  '
        "<footer>none</footer>\n</section></main>",
    ),
    "rows": (
        '<table><tbody>{% for r in rows %}<Row row="{{ r }}" class="c{{ n }}">{{ t }}</Row>{% endfor %}'
        "</tbody></table>",
        "<table><tbody>{% for r in rows %}{% call line(r, class='c' ~ n) %}{{ t }}{% endcall %}{% endfor %}"
        "</tbody></table>",
        '<table><tbody>{% for r in rows %}<tr data-key="{{ r.id }}" class="c{{ n }}"><td>{{ r.label }}</td>'
        "<td>{{ t }}</td></tr>{% endfor %}</tbody></table>",
    ),
    "macros in macros": (
        "<p><i><User/><User/></i> {{ t }}</p>",
        "<p>{{ two(user) }} {{ t }}</p>",
        "<p><i><b>{{ user.name }}</b><b>{{ user.name }}</b></i> {{ t }}</p>",
    ),
}


@pytest.mark.parametrize(("tags", "macros", "by_hand"), SAME.values(), ids=SAME.keys())
def test_patches_are_the_same_by_tags_macros_and_by_hand(tags: str, macros: str, by_hand: str) -> None:
    shown = patches(by_hand)
    assert patches(tags) == patches(MACROS + macros) == shown
    assert len(shown[1]) > 10


CALLED = {
    "by another name": "{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}<p>{% set c = m %}{{ c(1) }}</p>",
    "in an expression": "{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}<p>{{ m(1)|safe }}</p>",
    "in an attribute": '{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}<p title="{{ m(1) }}"><b>1</b></p>',
    "with arguments in a list": "{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}<p>{{ m(*[1]) }}</p>",
    "without an argument": "{% macro m(x) %}<b>{{ x|default(1) }}</b>{% endmacro %}<p>{{ m() }}</p>",
    "more arguments": "{% macro m() %}<b>{{ varargs[0] }}</b>{% endmacro %}<p>{{ m(1) }}</p>",
    "defined twice": (
        "{% macro m(x) %}<i></i>{% endmacro %}{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}<p>{{ m(1) }}</p>"
    ),
    "a name that is another thing here": (
        "{% macro m() %}<b>{{ y }}</b>{% endmacro %}<p>{% for y in [2] %}{{ m() }}{% endfor %}</p>"
    ),
    "of itself": (
        "{% macro m(x) %}{% if x %}{{ m(x - 1) }}{% else %}<b>1</b>{% endif %}{% endmacro %}<p>{{ m(2) }}</p>"
    ),
}


@pytest.mark.parametrize("source", CALLED.values(), ids=CALLED.keys())
def test_macros_that_have_to_be_called_are_called(source: str) -> None:
    assert "<b>1</b>" in plain(source, y=1)


@pytest.mark.parametrize(
    "tag", ["{% set t = 1 %}", "{% if n %}{% set t = 1 %}{% endif %}", "{% macro t() %}{% endmacro %}"]
)
def test_names_that_the_content_of_a_call_sets_are_its_own(tag: str) -> None:
    macro = "{% macro m() %}<b>{{ caller() }}</b>{% endmacro %}{% set t = 0 %}"
    assert "x</b>0</p>" in plain(f"{macro}<p>{{% call m() %}}{tag}x{{% endcall %}}{{{{ t }}}}</p>", n=1)


def test_a_call_whose_content_sets_no_names_of_the_page_is_in_the_place_of_its_macro() -> None:
    macro = "{% macro m() %}<b>{{ caller() }}</b>{% endmacro %}"
    loop = "{% for r in rows %}{% set t = r.label %}<i data-key='{{ r.id }}'>{{ t }}</i>{% endfor %}"
    assert patches(f"{macro}<p>{{% call m() %}}{loop}{{% endcall %}}</p>") == patches(f"<p><b>{loop}</b></p>")
    tag = '<Twice text="{{ t }}"/>'  # has a name of its own
    assert patches(f"{macro}<p>{{% call m() %}}{tag}{{% endcall %}}</p>") == patches(f"<p><b>{tag}</b></p>")


def test_names_that_the_content_of_a_tag_sets_are_those_of_the_page() -> None:
    assert "1</p>" in plain("{% set t = 0 %}<p><Card title='x'>{% set t = 1 %}y</Card>{{ t }}</p>")


def test_lines_of_macros_in_the_place_of_their_calls() -> None:
    source = "{% macro m(x) %}\n<b>{{ 1 // x }}</b>{% endmacro %}\n\n\n<p>{{ m(n) }}\n{{ n.x.y }}</p>"
    with pytest.raises(ZeroDivisionError) as error:
        render(source, n=0)
    assert location_of(error.value) == "in the template page, line 2"
    with pytest.raises(TemplateError) as wrong:
        templates("{% macro m() %}\n\n<b></b>{% endmacro %}<p>{{ m() }}</p>\n<table>x</table>").view("page")
    assert str(wrong.value).startswith("page, line 4, column 8: browsers don't keep text")
