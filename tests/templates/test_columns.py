"""The columns of errors in templates: where the parser has stopped, or the only tag of the line."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment, TemplateSyntaxError

from liveactions.exceptions import TemplateError
from liveactions.templates import Templates, jinja
from liveactions.templates.columns import column_of


@pytest.mark.parametrize(
    "template",
    [
        "<p>{{ count ↓}</p>",
        "{{ ↓'a }}",
        "<p>\n\n\n{{ ↓'a }}",
        "{{ a ↓! b }}",
        "<b>{{ (1 + 2 ↓}}</b>",
        "<p>\n{{ b }} {{ a + ↓}} {{ b }}</p>",
        "{{ b }} {{ a ↓b }} {{ b }}",
        "by {% for x ↓y in by %}{% endfor %}",
        "{% block a %}{% block b %}{% endblock ↓a %}",
        "x {% ↓foo %} foo",
        "{% set ↓= 3 %}",
        "↓",  # the end of the template
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["unix", "windows"])
def test_where_the_parser_has_stopped(template: str, newline: str) -> None:
    source = template.replace("↓", "") or "{% if x %}\n"
    at = template.index("↓")
    line, column = template[:at].count("\n") + 1, at - template.rfind("\n", 0, at)
    environment = Environment(loader=DictLoader({"page": source.replace("\n", newline)}), autoescape=True)
    with pytest.raises(TemplateSyntaxError) as error:
        Templates(environment).view("page")
    if template == "↓":
        assert column_of(error.value, source) == 0, "it isn't known"
        return
    assert (error.value.lineno, column_of(error.value, source)) == (line, column)


@pytest.mark.parametrize(
    ("line", "column"),
    [("<p>{{ 1 // 0 }}</p>", 4), ("{% if 1 // 0 %}", 1), ("{{ a }}{{ b }}", 0), ("<p>", 0), ("", 0)],
)
def test_another_error_is_in_the_only_tag_of_its_line(line: str, column: int) -> None:
    assert column_of(ZeroDivisionError(), line) == column
    assert column_of(TemplateError("in HTML", "page", 1), line) == 0


WRONG = {
    "an unknown component": "<p>\n  ↓<Crad></Crad></p>",
    "a component that isn't closed": "<b></b>\n<div>↓<Card>text</div>",
    "an end tag without a start tag": "<Card>text</Card>\n{{ a }}↓</Card>",
    "a prop that doesn't exist": "<Note text='a'\n      ↓titel='b' />",
    "a value of another type": '<Note text="a" ↓size="big" />',
    "a missing prop": "<Card>{{ text }}\n  ↓<Note size='3' /></Card>",
    "a slot that doesn't exist": "<Card>↓<:foot>a</:foot></Card>",
    "content that isn't taken": "{% if a %}\n\n{% endif %}\n\t↓<Note text='a'>b</Note>",
    "a misplaced text": "<table>\n  ↓oops\n</table>",
    "text before extends": "\n\n  ↓text {% extends 'layout' %}",
    "an unknown modifier": '{% if a %}\n\n{% endif %}<p ↓live-click.debonce="{{ a }}">',
    "a modifier in a condition": "<p {% if a %}↓live-click.debonce='{{ a }}'{% endif %}>",
    "a misplaced control": '<p title="{{ a\n }}">\n{{ b }}<p ↓live-bind="{{ a }}">',
    "an attribute that live-bind writes": "<input live-bind='{{ a }}'\n  ↓name='a'>",
    "a control in an incomplete tag": "<p></p>\n{{ a }}\n<input ↓live-bind='{{ a }}'",
    "an unknown command": '<p live-click="{{ js.hide().↓togle("#a") }}">',
    "a misplaced command": "<p>\n  {{ ↓js.hide()\n .show() }}",
    "a misplaced attribute of a command": '<p ↓title="{{ js.hide() }}">',
    "twice in its line": "<Note text='a' titel='b' />{{ titel }}",
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["unix", "windows"])
def test_errors_of_this_compiler(name: str, newline: str) -> None:
    template = WRONG[name]
    at = template.find("↓")
    line, column = template[: max(at, 0)].count("\n") + 1, at - template.rfind("\n", 0, max(at, 0))
    sources = {
        "page": template.replace("↓", ""),
        "layout": "<p>{% block a %}{% endblock %}</p>",
        **COMPONENTS,
    }
    files = {one: source.replace("\n", newline) for one, source in sources.items()}
    with pytest.raises(TemplateError) as error:
        Templates(Environment(loader=DictLoader(files), autoescape=True)).view("page")
    found = error.value
    assert (found.name, found.lineno, found.column) == ("page", line, column if at >= 0 else 0)
    assert column_of(found, "") == found.column
    if at < 0:
        assert ", column" not in str(found) and not hasattr(found, "__notes__")
        return
    assert str(found).startswith(f"page, line {line}, column {column}: ")
    text = template.replace("↓", "").split("\n")[line - 1]
    margin = text[: column - 1] if text.startswith("\t") else " " * (column - 1)
    assert found.__notes__ == [f"    {text}\n    {margin}^"]


COMPONENTS = {
    "components/Card.html": "<div>{{ slots.default }}{{ slots.footer }}</div>",
    "components/Note.html": "{# props text: str, size: int = 1 #}\n<p data-size='{{ size }}'>{{ text }}</p>",
}


@pytest.mark.parametrize(
    "component",
    [
        "<p>\n  {{ ↓titel }}</p>",
        "<p>\n  {{ [↓slots.header] }}</p>",
        "<p {{ ↓attrs|upper }}></p>",
        "{# props a: str,\n ↓slots: int #}<p>{{ a }}</p>",
        "{# props size: int, ↓tone: str = 3 #}<p></p>",
        "<p>\n\t↓<Note /></p>",
    ],
)
def test_errors_in_a_component_name_its_template(component: str) -> None:
    at = component.index("↓")
    files = {**COMPONENTS, "page": "{{ titel }}<Part />", "components/Part.html": component.replace("↓", "")}
    with pytest.raises(TemplateError) as error:
        Templates(Environment(loader=DictLoader(files), autoescape=True)).view("page")
    found = error.value
    place = (component[:at].count("\n") + 1, at - component.rfind("\n", 0, at))
    assert (found.name, found.lineno, found.column) == ("components/Part.html", *place)


def test_columns_in_a_python_file_are_those_of_the_file() -> None:
    wrong = jinja("""<p>
        <Crad />{# here #}
    """)
    environment = Environment(loader=DictLoader({}), autoescape=True)
    with pytest.raises(TemplateError) as error:
        Templates(environment).view(wrong)
    lines = Path(__file__).read_text().splitlines()
    assert lines[error.value.lineno - 1][error.value.column - 1 :] == "<Crad />{# here #}"
    with pytest.raises(TemplateSyntaxError) as syntax:
        Templates(environment).view(jinja("<p>{{ a b }}"))  # syntax
    line = lines[syntax.value.lineno - 1]
    assert line[column_of(syntax.value, line) - 1 :] == 'b }}"))  # syntax'
