"""What ``live-bind`` is translated to, and where it can't be used."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from liveactions.exceptions import TemplateError
from liveactions.templates.diagnostics import location_of
from liveactions.types import Reference
from tests.templates.test_plan import html, render


class Bound(Reference):
    """A field with a value, as `pages.bound_fields.BoundField` is one."""

    name = "f"
    token = "f=~~mac"

    def __init__(self, value: str, *chosen: str) -> None:
        self.value = value
        self.chosen = chosen
        self.checked = value == "on"

    def has(self, value: str) -> bool:
        return value in self.chosen

    def item(self, value: str) -> Reference:
        return Item(f"{self.token}{value}")

    def url(self) -> str:
        return f"/p?_a={self.token}"


class Item(Reference):
    """What a checkbox with a value calls."""

    def __init__(self, text: str) -> None:
        self.text = text

    def url(self) -> str:
        return f"/p?_a={self.text}"


HIDDEN = '<input type="hidden" name="_b" value="f=~~mac">'


def plain(source: str, **variables: Any) -> str:
    """The HTML without the marks of slots."""
    return render(source, **variables).plain()


@pytest.mark.parametrize(
    "control, shown",
    [
        ("<input live-bind='{{ f }}'>", '<input name="f" value="&lt;x" live-input="*">'),
        (
            '<input type=date live-bind.blur="{{ f }}"/>',
            '<input type="date" name="f" value="&lt;x" live-blur="*">',
        ),
        ('<input LIVE-BIND.change.once="{{ f }}">', '<input name="f" value="&lt;x" live-change.once="*">'),
        (
            "<input live-bind.debounce.300={{ f }}>",
            '<input name="f" value="&lt;x" live-input.debounce.300="*">',
        ),
        ('<textarea live-bind="{{ f }}"></textarea>', '<textarea name="f" live-input="*">&lt;x</textarea>'),
        ('<input type="checkbox" live-bind="{{ f }}">', '<input type="checkbox" name="f" live-input="*">'),
        (
            '<input type="checkbox" value="{{ os[0] }}-" live-bind.change="{{ f }}">',
            '<input type="checkbox" value="a-" name="f" live-change="*a-" checked="">',
        ),
        (
            '<input type="radio" value="a&amp;b" live-bind="{{ f }}">',
            '<input type="radio" value="a&amp;b" name="f" live-input="*" checked="">',
        ),
        (
            '<select live-bind="{{ f }}"><option value="c">C<option> a&amp;b </option></select>',
            '<select name="f" live-input="*"><option value="c">C</option>'
            '<option selected=""> a&amp;b </option></select>',
        ),
        (
            '<select live-bind="{{ f }}">'
            '{% for o in os %}<option value="{{ o }}-">{{ o }}</option>{% endfor %}'
            "{% if no %}{% else %}<option>{{ os[1] }}</option>{% endif %}</select><option>b</option>",
            '<select name="f" live-input="*"><option value="a-" selected="">a</option>'
            '<option value="b-">b</option><option selected="">b</option></select><option>b</option>',
        ),
    ],
)
def test_a_control_calls_and_shows_its_field(control: str, shown: str) -> None:
    written = plain(f"<form>{control}</form>", f=Bound("<x", "a&b", "a-", "b"), os=("a", "b"))
    assert sorted_tags(written) == sorted_tags(f"<form>{shown.replace('*', '/p?_a=f=~~mac')}</form>")


def sorted_tags(html: str) -> list[tuple[str, list[tuple[str, str | None]]] | str]:
    """The tokens of HTML, with the attributes of each tag in one order."""
    found: list[Any] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.append((tag, sorted(attrs)))  # type: ignore[method-assign]
    parser.handle_endtag = lambda tag: found.append(f"/{tag}")  # type: ignore[method-assign]
    parser.handle_data = lambda data: found.append(data)  # type: ignore[method-assign]
    parser.feed(html)
    return found


@pytest.mark.parametrize(
    "source, hidden",
    [
        ("<form method='POST'><input live-bind='{{ f }}'></form>", HIDDEN),
        ("<form action='{{ f }}'><input live-bind='{{ f }}'></form>", HIDDEN),
        ("<form><input live-bind='{{ f }}' form='live'></form>", HIDDEN.replace(">", ' form="live">')),
        ("<input live-bind='{{ f }}' disabled>", HIDDEN.replace(">", " disabled>")),
        ("<input live-bind='{{ f }}' {% if f %}disabled{% endif %}>", HIDDEN.replace(">", ' disabled="">')),
        ("<input live-bind='{{ f }}' {% if not f %}disabled{% endif %}>", HIDDEN),
        ("<form><input live-bind='{{ f }}'></form>", ""),  # the address has no use for it
        ("<form method=dialog><input live-bind='{{ f }}'></form>", ""),
    ],
)
def test_a_hidden_field_names_what_a_post_sets(source: str, hidden: str) -> None:
    written = plain(source, f=Bound("x"))
    assert (hidden in written) if hidden else ("_b" not in written)


def test_macros_blocks_and_components_of_tags_are_translated() -> None:
    source = (
        "{% macro box(field) %}<p><input live-bind='{{ field }}'></p>{% endmacro %}"
        "{% block a %}{% if f %}{{ box(f) }}{% endif %}{% endblock %}"
    )
    assert plain(source, f=Bound("x")).count('value="x"') == 1


def test_a_component_binds_its_control_to_a_field_that_it_is_given() -> None:
    field = """{# props field #}<p><select live-bind="{{ field }}">{{ slots.default }}</select></p>"""
    source = "<Choice field='{{ f }}'><option>a</option><option value='b'>B</option></Choice>"
    written = render(source, {"components/Choice.html": field}, f=Bound("b", "b")).plain()
    assert '<option value="b" selected="">B</option>' in written and "<option>a</option>" in written


def test_lines_of_errors_stay() -> None:
    source = "<p>\n<select live-bind='{{ f }}'>\n<option>a</option>\n</select>\n{{ 1 // n }}"
    with pytest.raises(ZeroDivisionError) as error:
        render(source, f=Bound("x"), n=0)
    assert location_of(error.value).line == 5  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "source, message",
    [
        ("\n<input live-bind='q'>", "line 2, column 8: the value of live-bind is a field of the page"),
        ("<p live-bind='{{ f }}'>", "live-bind belongs on an input, a select or a textarea"),
        ("<input live-bind='{{ f }}' name='q'>", "live-bind writes name= itself; remove it"),
        ("<input\nlive-bind='{{ f }}'\nvalue='q'>", "line 3, column 1: live-bind writes value= itself"),
        ("<input type='checkbox' live-bind='{{ f }}' checked>", "live-bind writes checked= itself"),
        (
            "<input type='{{ f }}' live-bind='{{ f }}'>",
            "the type of an input with live-bind can't be an expression",
        ),
        ("<input type='file' live-bind='{{ f }}'>", "can't be bound"),
        ("<input type='radio' live-bind='{{ f }}'>", "a radio button with live-bind needs a value"),
        ("<textarea live-bind='{{ f }}'>a</textarea>", "live-bind writes the content of a textarea itself"),
        (
            "<input live-bind.debonce='{{ f }}'>",
            "live-bind.debonce: unknown modifier .debonce; did you mean .debounce",
        ),
        ("<input {% if f %}live-bind='{{ f }}'{% endif %}>", "live-bind can't be in a condition"),
        ("<input live-bind='{{ f }}'", "live-bind belongs in a complete tag"),
    ],
)
def test_where_it_cannot_be_used(source: str, message: str) -> None:
    with pytest.raises(TemplateError, match=re.escape(message)):
        html(source, f=Bound("x"))
