"""Templates that are embedded in Python files."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, Environment, TemplateSyntaxError

from liveactions import Component, Live, Page, action, jinja, render
from liveactions.cli.check import check
from liveactions.exceptions import TemplateError
from liveactions.pages.page_functions import Rendered
from liveactions.templates import Templates
from liveactions.templates.diagnostics import location_of
from liveactions.testing import Browser, both_ways, plugin

browser = plugin.browser
LAYOUT = jinja("<title>{% block title %}{% endblock %}</title>{% block main %}{% endblock %}")
FILES = {"note.html": "<em>{{ note }}</em>", "base.html": "<title>B</title>{% block main %}{% endblock %}"}


class Part(Component):
    template = jinja("<b>{{ n }}</b>")
    n: int = 1

    @action
    async def add(self) -> None:
        self.n += 1


class Counter(Page):
    template = jinja(
        """
        {% extends layout %}
        {% block title %}Counter{% endblock %}
        {% block main %}
        <pre>
          {{ n }}</pre>
        {{ part }}{% include "note.html" %}
        {# the macros of another one #}
        {% import macros as m %}{{ m.plus(part.add) }}
        {% if n > 1 %}
          {{ 1 // zero }}{# here it fails #}
        {% endif %}
        {% endblock %}
        """
    )
    layout: str = LAYOUT
    macros: str = jinja(
        """{% macro plus(ref) %}<button form="live" formaction="{{ ref }}">+</button>{% endmacro %}"""
    )
    note: str = "a note"
    n: int = 1
    zero: int = 0
    part: Part = Part()


async def function() -> Rendered:
    return render(jinja("<title>F</title><p>{{ n }}</p>"), n=5)


@pytest.fixture
def live() -> Live:
    app = Live(Environment(loader=DictLoader(FILES), autoescape=True), keys="k" * 32)
    app.page("/counter")(Counter)
    app.page("/function")(function)
    return app


@both_ways
async def test_it_is_used_as_a_file_is(browser: Browser) -> None:
    page = await browser.open("/counter")
    assert "<title>Counter</title>" in page.html and page.text("em") == "a note"
    assert "<pre>  1</pre>" in page.html.replace("\n", "")  # its own indentation is that of the string
    await page.click("+")
    assert page.text("b") == "2"
    assert (await browser.open("/function")).text("p") == "5"


def templates(debug: bool = False) -> Templates:
    return Templates(Environment(loader=DictLoader(FILES), autoescape=True), debug)


def line_of(text: str) -> int:
    lines = Path(__file__).read_text().splitlines()
    (found,) = [number for number, line in enumerate(lines, 1) if text in line and "line_of" not in line]
    return found


def test_errors_name_the_python_file_and_the_line() -> None:
    names = {"layout": LAYOUT, "macros": Counter.macros, "n": 2, "zero": 0, "part": {}}
    with pytest.raises(ZeroDivisionError) as error:
        templates().view(Counter.template or "").render(names)
    place = location_of(error.value)
    assert place is not None and place.name.endswith("test_embedded.py:Counter")
    assert place.line == line_of("{# here it fails #}")
    frame = traceback.extract_tb(error.value.__traceback__)[-1]
    assert (frame.filename, frame.lineno) == (__file__, place.line)


def test_errors_of_compilation_name_them_too() -> None:
    wrong = jinja("""<p>
        a
        <table>text</table>{# not in a table #}
    """)
    with pytest.raises(TemplateError) as error:
        templates().view(wrong)
    assert (error.value.name, error.value.lineno) == (wrong, line_of("{# not in a table #}"))
    assert wrong.endswith("tests/templates/test_embedded.py:test_errors_of_compilation_name_them_too")
    with pytest.raises(TemplateSyntaxError) as syntax:
        templates().view(jinja("<p>{% if %}</p>"))
    assert (syntax.value.filename, syntax.value.lineno) == (__file__, line_of('jinja("<p>{% if %}</p>")'))


def test_each_has_a_name_of_its_own() -> None:
    first, second = (jinja(f"<p>{n}</p>") for n in (1, 2))
    assert first != second
    assert [templates().view(name).render({}).html() for name in (first, second)] == ["<p>1</p>", "<p>2</p>"]
    assert len({jinja("<p>1</p>") for _ in range(3)}) == 1


def test_only_text_is_a_template() -> None:
    with pytest.raises(TypeError, match="jinja\\(\\) takes the source of a template, not 5"):
        jinja(5)  # type: ignore[arg-type]


def test_other_syntax_and_line_ends(tmp_path: Path) -> None:
    source = jinja("""<p>
      [[ missing.name ]]
    </p>""")
    environment = Environment(
        loader=DictLoader({}),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="<#",
        comment_end_string="#>",
    )
    with pytest.raises(Exception, match="missing") as error:
        Templates(environment).view(source).render({})
    assert location_of(error.value).line == line_of("[[ missing.name ]]")  # type: ignore[union-attr]


SOURCE = '''
from liveactions import Live, Page, jinja

live = Live(keys="k" * 32)


@live.page("/")
class Home(Page):
    template = jinja("""
        <title>Home</title>
        <p>{{ titel }}</p>
    """)
    title: str = ""


@live.page("/broken")
class Broken(Page):
    template = jinja("<title>B</title><p>{{</p>")
'''


def test_check_finds_mistakes_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    module = imported(tmp_path / "shop.py", SOURCE)
    first, second = (str(finding).split("\n") for finding in check([module.live]))
    lines = SOURCE.splitlines()
    assert (
        first[0]
        == f"shop.py:11:{lines[10].index('titel') + 1}: error: Home has no 'titel'; did you mean 'title'?"
    )
    assert first[1:] == [f"    {lines[10]}", "    " + " " * lines[10].index("titel") + "^"]
    assert second[0].startswith(f"shop.py:18:{lines[17].index('{{</p>') + 3}: error: ")


async def test_a_saved_file_is_python_to_be_reloaded(tmp_path: Path) -> None:
    path = tmp_path / "pages.py"
    module = imported(path, SOURCE.replace("titel", "title"))
    found = module.live.templates
    found.view(module.Home.template)
    assert not found.saved()
    path.write_text(path.read_text().replace("<p>", "<p>New "))
    assert not found.saved()  # the server starts again, as for any change of the code
    module = imported(path, path.read_text())
    assert "New" in module.live.templates.view(module.Home.template).render({"title": "x"}).html()


def imported(path: Path, source: str) -> Any:
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[path.stem]
    return module
