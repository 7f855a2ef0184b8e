"""Client commands: the builder, and what templates make of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from markupsafe import Markup

from liveactions import Commands, js
from liveactions.exceptions import RenderError, TemplateError
from liveactions.immutability import is_frozen
from liveactions.templates import Fragment, Kind
from liveactions.templates.commands import METHODS
from tests.templates.test_plan import Call, render


class Signed(Call):
    """A reference with a signature."""

    def bind(self, *args: Any, **kwargs: Any) -> Signed:
        return Signed(*self.args, *args)

    @property
    def token(self) -> str:
        return f"call~{','.join(map(str, self.args))}~mac"


def steps(commands: Commands) -> Any:
    return json.loads(commands.text)


def shown(source: str, **variables: Any) -> Fragment:
    return render(source, js=js, **variables)


# The builder


@pytest.mark.parametrize(
    "commands, written",
    [
        (js.show(), ["show"]),
        (js.hide("#a"), ["hide", "#a"]),
        (js.toggle(".m", closest="li"), ["toggle", [".m", "li"]]),
        (js.toggle(closest="li"), ["toggle", ["", "li"]]),
        (js.add_class(" a  b "), ["add_class", 0, "a b"]),
        (js.remove_class("a", "#p"), ["remove_class", "#p", "a"]),
        (js.toggle_class("a", closest="p"), ["toggle_class", ["", "p"], "a"]),
        (js.transition("shake", "#p"), ["transition", "#p", "shake"]),
        (js.set_attr("Title", "x"), ["set_attr", 0, "title", "x"]),
        (js.set_attr("aria-level", 2, "#p"), ["set_attr", "#p", "aria-level", "2"]),
        (js.remove_attr("open", "#d"), ["remove_attr", "#d", "open"]),
        (js.toggle_attr("open", "#d"), ["toggle_attr", "#d", "open", ""]),
        (
            js.toggle_attr("aria-pressed", value="true", other="false"),
            ["toggle_attr", 0, "aria-pressed", "true", "false"],
        ),
        (js.focus("#q"), ["focus", "#q"]),
        (js.blur(), ["blur"]),
        (js.scroll_into_view("#p", block="end", smooth=True), ["scroll_into_view", "#p", "end", True]),
        (js.copy("text"), ["copy", 0, "text"]),
        (js.copy(of="#p"), ["copy", "#p"]),
        (js.copy(), ["copy"]),
        (js.dispatch("chosen", detail={"id": 1}), ["dispatch", 0, "chosen", {"id": 1}, True]),
        (js.dispatch("chosen", "#p", bubbles=False), ["dispatch", "#p", "chosen", None, False]),
        (js.call(Signed(3)), ["call", "call~3~mac"]),
    ],
)
def test_commands(commands: Commands, written: list[Any]) -> None:
    assert steps(commands) == [written]


def test_every_command_is_tested() -> None:
    [table] = [mark for mark in test_commands.pytestmark if mark.name == "parametrize"]
    assert {written[0] for _, written in table.args[1]} == METHODS


def test_commands_are_values() -> None:
    menu = js.toggle("#menu")
    longer = menu.focus("#q")
    assert steps(menu) == [["toggle", "#menu"]]
    assert steps(longer) == [["toggle", "#menu"], ["focus", "#q"]]
    assert js.toggle("#menu") == menu != longer
    assert steps(js.hide().call(menu)) == [["hide"], ["toggle", "#menu"]]
    assert repr(longer) == "js.toggle('#menu').focus('#q')"
    assert is_frozen(js)


def test_commands_are_escaped_where_they_are_written() -> None:
    commands = js.set_attr("title", '<"&')
    assert Markup('<p live-click="{}">').format(commands) == (
        '<p live-click="[[&#34;set_attr&#34;,0,&#34;title&#34;,&#34;&lt;\\&#34;&amp;&#34;]]">'
    )
    assert str(commands) == commands.text


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda js: js.show(3), "a selector is text, such as '#menu', not 3"),
        (lambda js: js.show(" "), "a selector is text"),
        (lambda js: js.show("#a", closest=1), "a selector is text"),
        (lambda js: js.add_class(""), "no class is named"),
        (lambda js: js.add_class(None), "names of classes takes text, not None"),
        (lambda js: js.set_attr("a b", ""), "'a b' isn't the name of an attribute"),
        (lambda js: js.set_attr("class", "a"), "add_class, remove_class and toggle_class"),
        (lambda js: js.set_attr("onclick", "x()"), "onclick would run a script"),
        (lambda js: js.toggle_attr("srcdoc"), "srcdoc would run a script"),
        (lambda js: js.remove_attr("live-click"), "live-click is for the library"),
        (lambda js: js.set_attr("data-l", ""), "data-l is for the library"),
        (lambda js: js.set_attr("disabled", True), "the value of disabled is text or a number, not True"),
        (lambda js: js.set_attr("title", None), "the value of title is text or a number, not None"),
        (lambda js: js.scroll_into_view(block="middle"), "expected one of 'start'"),
        (lambda js: js.copy("a", of="#b"), "not both"),
        (lambda js: js.copy(3), "copy\\(text\\) takes text, not 3"),
        (lambda js: js.dispatch("live:patch"), "are the library's own"),
        (lambda js: js.dispatch("x", detail=object()), "can't be sent as JSON"),
        (lambda js: js.call("save"), "call\\(\\) takes an action, such as call\\(save\\)"),
        (lambda js: js.text, "js has no command yet"),
    ],
)
def test_wrong_arguments(make: Callable[[Any], object], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        make(js)


def test_addresses_run_no_scripts() -> None:
    assert steps(js.set_attr("href", "javascript:x()", "#a")) == [
        ["set_attr", "#a", "href", "unsafe:javascript:x()"]
    ]
    assert (
        steps(js.toggle_attr("src", value="a.png", other="javascript:x()"))[0][4] == "unsafe:javascript:x()"
    )


# In templates


def test_constant_commands_are_static_html() -> None:
    fragment = shown("""<b live-click="{{ js.toggle('#menu').focus() }}">x</b>""")
    assert fragment.values == ()
    assert fragment.html() == ('<b live-click="[[&#34;toggle&#34;,&#34;#menu&#34;],[&#34;focus&#34;]]">x</b>')


def test_a_name_that_is_set_before_constant_commands_has_its_value() -> None:
    page = shown(
        "{% set h = u.f() %}<b live-click=\"{{ js.hide('#x') }}\"></b><p>{{ h }}</p>", u={"f": lambda: 7}
    )
    assert page.values[-1] == "7"


def test_commands_with_data_are_the_slot_of_their_attribute() -> None:
    fragment = shown("""<b live-click="{{ js.hide('#r' ~ id) }}">x</b>""", id=3)
    assert fragment.shape.kinds == (Kind.ATTR,)
    assert fragment.values == ('[["hide","#r3"]]',)
    assert fragment.html() == '<b live-click="[[&#34;hide&#34;,&#34;#r3&#34;]]" data-l="live-click">x</b>'


def test_a_call_is_signed_and_shown() -> None:
    fragment = shown("""<b live-click="{{ js.hide().call(save(3)) }}">x</b>""", save=Signed())
    assert fragment.values == ('[["hide"],["call","call~3~mac"]]',)
    assert fragment.shows(Signed(3), "mac")


@pytest.mark.parametrize(
    "source",
    [
        "{{ js.hide() if x else js.show() }}",
        "{% if x %}{{ js.hide() }}{% else %}{{ js.show() }}{% endif %}",
        "{{ js.call(menu) }}",
    ],
)
def test_other_expressions(source: str) -> None:
    for x, name in ((True, "hide"), (False, "show")):
        fragment = shown(f'<b live-click="{source}">x</b>', x=x, menu=getattr(js, name)())
        assert fragment.values == (f'[["{name}"]]',)


def test_a_condition_without_commands_is_an_empty_attribute() -> None:
    assert shown('<b live-click="{{ js.hide(y) if x }}">x</b>', x=False).values == ("",)


def test_references_in_event_attributes_are_none_of_it() -> None:
    fragment = shown('<b live-click="{{ save(1) }}">x</b>', save=Call())
    assert fragment.shape.kinds == (Kind.EVENT,)


def test_commands_where_the_attribute_was_compiled_for_an_action() -> None:
    with pytest.raises(RenderError, match=r"write {{ js.call\(…\) }} around them"):
        shown('<b live-click="{{ menu }}">x</b>', menu=js.hide())
    with pytest.raises(RenderError, match=r"js.call"):
        shown(
            '{% macro b(on) %}<b live-click="{{ on }}">x</b>{% endmacro %}{% set c = b %}{{ c(js.hide()) }}'
        )


def test_commands_for_the_parameter_of_a_macro_of_the_same_template() -> None:
    fragment = shown('{% macro b(on) %}<b live-click="{{ on }}">x</b>{% endmacro %}{{ b(js.hide()) }}')
    assert "live-click=" in fragment.plain() and "hide" in fragment.plain()


def test_commands_in_loops_are_remembered() -> None:
    source = """{% for row in rows %}<b live-click="{{ js.hide('#r' ~ row) }}">x</b>{% endfor %}"""
    fragment = shown(source, rows=(1, 2))
    assert [item.values for item in fragment.values[0].fragments] == [
        ('[["hide","#r1"]]',),
        ('[["hide","#r2"]]',),
    ]
    assert fragment.values[0].outer is not None


@pytest.mark.parametrize(
    "expression, message",
    [
        ("js.hide().togle('#a')", "page, line 2: js has no command 'togle'; did you mean 'toggle'?"),
        ("js.hide(1)", "page, line 2: js.hide: a selector is text, such as '#menu', not 1"),
        ("js.hide('#a', '#b')", "page, line 2: js.hide: "),
        ("js.hide(too='#a')", "page, line 2: js.hide: "),
        ("js.hide(x, y)", "page, line 2: js.hide: too many positional arguments"),
        ("js.hide(x).add_class()", "page, line 2: js.add_class: missing a required argument: 'names'"),
        ("js.call('save')", "page, line 2: js.call: call() takes an action"),
    ],
)
def test_mistakes_are_found_when_the_template_is_compiled(expression: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        shown(f'<p>\n<b live-click="{{{{ {expression} }}}}">x</b></p>', x="#x", y="#y")
    found = caught.value
    assert f"{found.name}, line {found.lineno}: {found.message}".startswith(message)


def test_a_first_command_that_does_not_exist() -> None:
    with pytest.raises(RenderError, match="js has no command 'togle'; did you mean 'toggle'?"):
        shown("""<b live-click="{{ js.togle('#a') }}">x</b>""")


@pytest.mark.parametrize("attribute", ["href", "live-cancel", "action"])
def test_commands_belong_to_event_attributes(attribute: str) -> None:
    with pytest.raises(TemplateError, match=f"{attribute} can't contain client commands"):
        shown(f"""<form {attribute}="{{{{ js.hide() }}}}">x</form>""")


def test_commands_in_text() -> None:
    with pytest.raises(TemplateError, match="page, line 2, column 4: text can't contain client commands"):
        shown("<p>\n{{ js.hide() }}</p>")


class Own:
    """What an application has called `js` before."""

    def hide(self) -> str:
        return "own"


def test_an_application_may_have_a_js_of_its_own() -> None:
    source = """{% set js = own %}<b live-click="{{ js.hide() }}" title="{{ js.hide() }}">x</b>"""
    assert (
        render(source, own=Own()).html() == '<b live-click="own" title="own" data-l="live-click title">x</b>'
    )
