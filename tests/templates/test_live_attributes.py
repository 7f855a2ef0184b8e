"""Which event attributes there are, and what is said of the others."""

from __future__ import annotations

import pytest
from jinja2 import DictLoader, Environment
from markupsafe import Markup

from liveactions.exceptions import RenderError, TemplateError
from liveactions.templates import Templates
from liveactions.templates.diagnostics import Adviser
from liveactions.templates.fragments import Fragment, Kind, Shape
from tests.templates.test_plan import Call, render


@pytest.mark.parametrize(
    "name",
    "click click.once.self input.debounce.300 input.throttle scroll.window.passive"
    " click.outside click.stop.prevent click.capture"
    " click.ctrl.shift keydown.escape keydown.ctrl.enter.window keyup.a keydown.1 keydown.f12"
    " keydown.space keydown.debounce.100.enter zoomed.self cancel nav.x"
    " visible visible.once.half hidden visible.margin.200px hidden.half.margin.0px".split(),
)
def test_modifiers(name: str) -> None:
    render(f'<b live-{name}="{{{{ v }}}}">x</b>', v=Call())


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("click.outsid", "unknown modifier .outsid; did you mean .outside?"),
        ("input.debunce.300", "unknown modifier .debunce; did you mean .debounce?"),
        (
            "click.300",
            "unknown modifier .300; a number of milliseconds may only follow .debounce or .throttle",
        ),
        ("click.once.300", "unknown modifier .300"),
        ("click.enter", "unknown modifier .enter; keys can only be used with keydown and keyup"),
        ("keydown.esc", "unknown modifier .esc; did you mean .escape?"),
        ("click.x-y", "unknown modifier .x-y; known are .alt, .capture"),
        ("click.", "unknown modifier .;"),
        (
            "click.half",
            "unknown modifier .half; .half and .margin.200px can only be used with visible",
        ),
        (
            "click.margin.20px",
            "unknown modifier .margin; .half and .margin.200px can only be used with",
        ),
        ("visible.20px", "unknown modifier .20px"),
        ("visible.margin.20", "unknown modifier .20;"),
        ("window.once", "takes no modifiers"),
        ("hidden.halv", "unknown modifier .halv; did you mean .half?"),
    ],
)
@pytest.mark.parametrize(
    "tag",
    [
        '<b live-{}="{{{{ v }}}}">x</b>',
        '<b live-{}="/p?_a=x">x</b>',
        '<b {{% if v %}}title="x"\nlive-{}="{{{{ v }}}}"{{% endif %}}>x</b>',
    ],
)
def test_an_unknown_modifier_is_an_error(tag: str, name: str, hint: str) -> None:
    source = "<p>\n{% if true %}" + tag.format(name) + "{% endif %}</p>"
    with pytest.raises(TemplateError) as caught:
        render(source, v=Call())
    assert f"live-{name}: {hint}" in str(caught.value)
    assert caught.value.lineno == (3 if "\nlive" in tag else 2)


def test_what_only_looks_like_one() -> None:
    source = '<b title="live-click.x" {% if true %}class="live-click.x"{% endif %}>live-click.x="y"</b>'
    assert render(source).plain() == source.replace("{% if true %}", "").replace("{% endif %}", "")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('<p>\n<b live-clck="{{ v }}">x</b></p>', ["page, line 2: live-clck: did you mean live-click?"]),
        (
            '<b live-sumbit.once="{{ v }}">x</b>',
            ["page, line 1: live-sumbit.once: did you mean live-submit?"],
        ),
        ('<b live-zoomed="{{ v }}" live-clicked="{{ v }}">x</b>', []),
        ('<b live-click="{{ v }}" live-keydown.enter="{{ v }}" live-field="x">live-clck="x"</b>', []),
        (
            "<p>\n{{ html }}</p>",
            ["page, line 2: live-click.outsid: unknown modifier .outsid; did you mean .outside?"],
        ),
        ("{% if true %}<p>{% endif %}{{ html }}</p>", ["live-click.outsid: unknown modifier"]),
    ],
)
def test_debug_mode_says_so(source: str, said: list[str]) -> None:
    templates = Templates(Environment(loader=DictLoader({"page": source}), autoescape=True), debug=True)
    adviser = Adviser(templates)
    html = Markup('<i live-click.outsid="/p?_a=x">x</i>')
    shown = templates.view("page").render({"v": Call(), "html": html})
    found = [one.text for one in adviser.look(shown) if one.code == "LA006"]
    assert len(found) == len(said) and all(map(str.startswith, found, said))
    assert not any(one.code == "LA006" for one in adviser.look(shown))


@pytest.mark.parametrize("value", ["x onclick=alert(1) ", "/p?_a=save", Markup("<i>x</i>"), 3])
@pytest.mark.parametrize(
    "source",
    [
        '<b live-click="{{ v }}">x</b>',
        '{% for v in [v, v] %}<b live-click="{{ v }}">x</b>{% endfor %}',
        '{% macro u(v) %}{{ v }}{% endmacro %}<b live-click="{{ u(v) }}">x</b>',
    ],
)
def test_anything_but_an_action_is_an_error(source: str, value: object) -> None:
    with pytest.raises(RenderError, match="an event attribute calls an action, such as {{ save }}; "):
        render(source, v=value)


@pytest.mark.parametrize("value", [None, "", False])
def test_what_is_false_calls_nothing(value: object) -> None:
    assert render('<b live-click="{{ v }}">x</b>', v=value).html() == '<b data-l="@click">x</b>'


def test_a_text_is_never_written_into_a_tag() -> None:
    shape = Shape(("<b", ' data-l="@click">x</b>'), ('<b live-click="', '">x</b>'), (Kind.EVENT,))
    shown = Fragment(shape, ('x onclick="alert(1)"',))
    assert shown.html() == '<b data-l="@click">x</b>'
    assert shown.plain() == '<b live-click="x onclick=&#34;alert(1)&#34;">x</b>'


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            '<p>\n<b live-click="{{ svae }}">x</b></p>',
            ["page, line 2: no action is called: 'svae' is undefined"],
        ),
        (
            '{% for one in (1, 2) %}<b live-click="{{ v.nothing }}">x</b>{% endfor %}',
            ["page, line 1: no action is called: 'tests.templates.test_plan.Call object' has no attribute"],
        ),
        ('<b live-click="{{ v if not v }}">x</b><b live-click="{{ none }}">x</b>', []),
        ('{% macro b(act) %}<b live-click="{{ act }}">x</b>{% endmacro %}{{ b() }}', []),
    ],
)
def test_debug_mode_names_what_is_undefined(source: str, said: list[str]) -> None:
    templates = Templates(Environment(loader=DictLoader({"page": source}), autoescape=True), debug=True)
    adviser = Adviser(templates)
    shown = templates.view("page").render({"v": Call()})
    found = [one.text for one in adviser.look(shown) if one.code == "LA006"]
    assert len(found) == len(said) and all(map(str.startswith, found, said))
