"""The columns of errors in templates: where the parser has stopped, or the only tag of the line."""

from __future__ import annotations

import pytest
from jinja2 import DictLoader, Environment, TemplateSyntaxError

from liveactions.exceptions import TemplateError
from liveactions.templates import Templates
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
