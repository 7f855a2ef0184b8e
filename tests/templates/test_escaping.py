"""Data in attributes that browsers follow, load or read as HTML runs no script; functions are no values."""

from __future__ import annotations

import functools
import re
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader, Environment
from markupsafe import Markup

from liveactions.exceptions import RenderError
from liveactions.templates import Fragment, Templates
from liveactions.templates.diagnostics import Adviser
from tests.templates.test_plan import Call, render

SCRIPTS = (
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    " \x01\tjavascript:alert(1)",
    "java\tscr\r\nipt\n:alert(1)",
    "vbscript:x",
)
HARMLESS = (
    "/x",
    "https://example.org",
    "",
    "mailto:a@b",
    "javascript",
    "/javascript:x",
    "?q=javascript:x",
    "x javascript:x",
)
WAYS = (
    '<a href="{{ v }}">x</a>',
    "<a href={{ v }}>x</a>",
    '<a href="{{ v|e }}">x</a>',
    '<a href="{% if v %}{{ v }}{% endif %}">x</a>',
    '<a {% if true %}title="{{ v }}" href="{{ v }}"{% endif %}>x</a>',
    '<a {{ {"HREF": v}|xmlattr }}>x</a>',
    '{% set u %}{{ v }}{% endset %}<a href="{{ u }}">x</a>',
    '{% macro u(v) %}{{ v }}{% endmacro %}<a href="{{ u(v) }}">x</a>',
    '{% for v in [v] %}<a href="{{ v }}">x</a>{% endfor %}',
    '{% if true %}<p>{% endif %}<a title="<{{ v }}>" href="{{ v }}">x</a>{% if true %}</p>{% endif %}',
    '{% macro u(v) %}{{ v }}{% endmacro %}{% if true %}<p>{% endif %}<a href="{{ u(v) }}">x</a></p>',
)
"""Ways of writing an address. In the last ones a part of the page is no tree of its own."""


def address(source: str, **values: Any) -> str:
    found = re.search(r"""\s(?:href|HREF)=(?:"([^"]*)"|([^>]*))""", render(source, **values).plain())
    assert found
    return unescape(found[1] if found[1] is not None else found[2])


@pytest.mark.parametrize("value", SCRIPTS)
@pytest.mark.parametrize("source", WAYS)
def test_data_runs_no_script(source: str, value: str) -> None:
    assert address(source, v=value) == f"unsafe:{value}".rstrip("\n")


@pytest.mark.parametrize("value", HARMLESS)
@pytest.mark.parametrize("source", WAYS)
def test_other_addresses_stay(source: str, value: str) -> None:
    assert address(source, v=value) == value


ANIMATIONS = (
    '<svg><a><animate attributeName="href" values="{{ v }}"/></a></svg>',
    '<svg><a><animate attributeName="href" values="0;{{ v }}"/></a></svg>',
    '<svg><a><animate attributeName="href" values="/a{{ v }}"/></a></svg>',
    '<svg><a><set attributeName="href" to="{{ v }}"/></a></svg>',
    '<svg><a><animate attributeName="href" from="{{ v|e }}"/></a></svg>',
    '<svg><a><set attributeName="href" {% if true %}to="{{ v }}"{% endif %}/></a></svg>',
    '<svg><a><set {{ {"attributeName": "href", "to": v}|xmlattr }}/></a></svg>',
    '{% if true %}<p>{% endif %}<svg><animate values="0;{{ v }}"/></svg></p>',
)
"""SVG's animations set other attributes, to one value after the other."""


@pytest.mark.parametrize("value", [*SCRIPTS, "/x;javascript:alert(1)", "; javascript:alert(1);y"])
@pytest.mark.parametrize("source", ANIMATIONS)
def test_animations_give_no_script_to_an_address(source: str, value: str) -> None:
    found = re.search(r"""\s(?:values|to|from)="([^"]*)\"""", render(source, v=value).plain())
    assert found
    for item in unescape(found[1]).split(";"):
        scheme = re.sub("[\0-\x20]", "", item).lower().partition(":")[0]
        assert scheme not in ("javascript", "vbscript")


@pytest.mark.parametrize("value", ["0;1;0.5", "M 0 0;M 1 1", "rotate(90)", "/a;/b", ""])
def test_other_animations_stay(value: str) -> None:
    html = render('<svg><animate values="{{ v }}" to="{{ v }}"/></svg>', v=value).plain()
    assert f'values="{value}"' in html and f'to="{value}"' in html


@pytest.mark.parametrize("source", [WAYS[number] for number in (0, 1, 3, 4, 8, 9)])
def test_what_is_marked_safe_stays(source: str) -> None:
    assert address(source, v=Markup("javascript:alert(1)")) == "javascript:alert(1)"
    assert (
        address(source.replace("{{ v }}", "{{ v|safe }}"), v="javascript:alert(1)") == "javascript:alert(1)"
    )


@pytest.mark.parametrize(
    "source",
    [
        '<a href="javascript:show({{ n }})">x</a>',
        '<a {% if true %}href="javascript:show({{ n }})"{% endif %}>x</a>',
        '{% if true %}<p>{% endif %}<a href="javascript:show({{ n }})">x</a>{{ n }}</p>',
        '{% macro u() %}javascript:show(1){% endmacro %}<a href="{{ u() }}">x</a>',
    ],
)
def test_the_authors_own_scripts_stay(source: str) -> None:
    assert address(source, n=1) == "javascript:show(1)"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('<a href="{{ a }}{{ b }}">x</a>', "unsafe:javascript:1"),
        ('<a href="java{{ b }}">x</a>', "unsafe:javascript:1"),
        ('<a href="{{ a }}script:{{ b }}">x</a>', "unsafe:javascript:script:1"),
        ('<a href="{% if a %}java{% endif %}{{ b }}">x</a>', "unsafe:javascript:1"),
        ('{% if true %}<p>{% endif %}<a href="{{ a }}{{ b }}">x</a></p>', "unsafe:javascript:1"),
        ('<a href="/x/{{ a }}{{ b }}">x</a>', "/x/javascript:1"),
        ('<a href="{{ a|safe }}{{ b|safe }}">x</a>', "javascript:1"),
        ('<a href="{{ a|safe }}{{ b }}">x</a>', "unsafe:javascript:1"),
    ],
)
def test_addresses_of_several_parts(source: str, expected: str) -> None:
    assert address(source, a="java", b="script:1") == expected


@pytest.mark.parametrize("name", "src action formaction data poster xlink:href".split())
def test_all_such_attributes(name: str) -> None:
    assert (
        f'{name}="unsafe:javascript:x"'
        in render(f'<x-y {name}="{{{{ v }}}}"></x-y>', v="javascript:x").html()
    )


@pytest.mark.parametrize("space", ["", " ", "\n"])
def test_an_attribute_without_quotes_in_what_is_no_tree(space: str) -> None:
    html = render("{% if true %}<p>{% endif %}<a href={{ v }}>x</a></p>", v=f"{space}javascript:x").plain()
    assert f"href={space}unsafe:javascript:x" in html


def test_a_form_and_references() -> None:
    assert 'action="unsafe:javascript:x"' in render('<form action="{{ v }}"></form>', v="javascript:x").html(
        "<i>"
    )
    assert "<i>" in render('<form action="{{ v }}"></form>', v=Call()).html("<i>")


def test_other_attributes_and_text_stay() -> None:
    value = 'javascript:x" href=javascript:x'
    for source in (
        '<p title="{{ v }}">{{ v }}</p>',
        '{% if true %}<b>{% endif %}<p title="{{ v }}">{{ v }}</p></b>',
    ):
        assert "unsafe" not in render(source, v=value).html()


@pytest.mark.parametrize(
    "source",
    [
        '<iframe srcdoc="<p>{{ v }}</p>"></iframe>',
        '<iframe srcdoc="<p>{{ v|e }}</p>"></iframe>',
        '<iframe srcdoc="{% if true %}<p>{{ v }}</p>{% endif %}"></iframe>',
        '<iframe {% if true %}srcdoc="<p>{{ v }}</p>"{% endif %}></iframe>',
        '<iframe {{ {"srcdoc": "<p>%s</p>"|safe|format(v)}|xmlattr }}></iframe>',
        '{% if true %}<div>{% endif %}<iframe srcdoc="<p>{{ v }}</p>"></iframe></div>',
    ],
)
def test_data_in_a_document_is_text(source: str) -> None:
    html = render(source, v="<script>&lt;").plain()
    found = re.search(r'srcdoc="([^"]*)"', html)
    assert found and unescape(found[1]) == "<p>&lt;script&gt;&amp;lt;</p>"


def test_a_document_that_is_marked_safe() -> None:
    html = render('<iframe srcdoc="{{ v }}"></iframe>', v=Markup('<b title="a">&lt;</b>')).values[0]
    assert html == '<b title="a">&lt;</b>'


@given(st.text("javscript:\t\n\r /\x00&;#\"'<>", max_size=14), st.text("javscript:\t /", max_size=8))
def test_whatever_the_parts(a: str, b: str) -> None:
    for source in (
        '<a href="{{ a }}{{ b }}">x</a>',
        '<a {% if true %}href="{{ a }}{{ b }}"{% endif %}>x</a>',
    ):
        found = address(source, a=a, b=b)
        scheme = re.sub(r"[\t\n\r]", "", found.lstrip("".join(map(chr, range(33))))).lower()
        assert not scheme.startswith(("javascript:", "vbscript:"))


@pytest.mark.parametrize(
    "source",
    [
        '<p>\n<a href="{{ v }}">x</a></p>',
        '<p>\n<a {% if true %}href="{{ v }}"{% endif %}>x</a></p>',
        '{% if true %}<p>{% endif %}\n<a href="{{ v }}">x</a></p>',
    ],
)
def test_debug_mode_says_so(source: str) -> None:
    templates = Templates(Environment(loader=DictLoader({"page": source}), autoescape=True), debug=True)
    view, adviser = templates.view("page"), Adviser(templates)

    def said(value: str) -> list[str]:
        return [one.text for one in adviser.look(view.render({"v": value})) if one.code == "LA007"]

    assert said("/x") == []
    (text,) = said("javascript:x")
    assert re.match(r"(page, line \d: )?href would run a script", text) and "|safe" in text
    assert said("javascript:x") == []


class Shelf:
    def save(self) -> None: ...


@pytest.mark.parametrize(
    "source",
    [
        '<form action="{{ save }}"></form>',
        '<b live-click="{{ save }}">x</b>',
        '<b {% if true %}live-click="{{ save }}"{% endif %}>x</b>',
        '<a href="{{ save }}?x">x</a>',
        '<b title="{% if true %}{{ save }}{% endif %}">x</b>',
        "<b>{{ save }}</b>",
        "<title>{{ save }}</title>",
        "{% if true %}<b>{% endif %}{{ save }}</b>",
    ],
)
def test_a_function_is_no_value(source: str) -> None:
    for value, name in ((Shelf().save, "Shelf.save"), (re.sub, "sub"), ([].append, "list.append")):
        with pytest.raises(RenderError, match=rf"{name} is a function: decorate it with @action"):
            render(source, save=value)


@pytest.mark.parametrize("source", ['<form action="{{ save() }}"></form>', "<b>{{ save() }}</b>"])
def test_what_an_async_function_returns_is_no_value(source: str) -> None:
    async def save() -> None: ...

    with pytest.raises(RenderError, match=r"save\(\) is async, .*: call it in load\(\).*self\.save\.bind"):
        render(source, save=save)


def test_what_can_be_called_and_shown_stays() -> None:
    class Shown(functools.partial[Any]):
        def __str__(self) -> str:
            return "shown"

    shown: Fragment = render('<b title="{{ v }}">{{ v }}</b>', v=Shown(len))
    assert shown.values == ("shown", "shown")
