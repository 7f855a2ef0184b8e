from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jinja2 import DictLoader, Environment
from pydantic import BaseModel
from starlette.responses import PlainTextResponse
from starlette.routing import Route

import liveactions
from liveactions import Component, Live, Page, action, loaded, render
from liveactions.cli.check import Finding, check
from liveactions.pages.page_functions import Rendered


class Author(BaseModel):
    name: str


@dataclass(frozen=True)
class Note:
    title: str
    author: Author

    @property
    def short(self) -> str:
        return self.title[:9]


class Point(NamedTuple):
    x: int
    y: int


class Filter(Component):
    template = "filter.html"
    q: str = ""

    @action
    async def clear(self) -> None:
        self.q = ""


class Notes(Page):
    template = "notes.html"
    notes: tuple[Note, ...] = loaded()
    newest: Note | None = loaded()
    points: list[Point] = []
    by_id: dict[int, Note] = loaded()
    anything: Any = None
    filter: Filter = Filter()

    @action
    async def add(self, title: str) -> None: ...

    def archive(self, day: str = "") -> str:
        return day


def without_column(finding: Finding) -> str:
    return str(replace(finding, column=0))


def findings(templates: Mapping[str, str], **options: Any) -> list[str]:
    environment = Environment(loader=DictLoader({"filter.html": "{{ q }}", **templates}), autoescape=True)
    live = Live(environment, **options)
    live.page("/notes")(Notes)
    return [without_column(finding) for finding in check([live])]


def in_body(body: str, **templates: str) -> list[str]:
    return findings({"notes.html": f"<title>x</title>\n{body}", **templates})


@pytest.mark.parametrize(
    "body",
    [
        "{{ notes|length }} {{ add.field('title').error }} {{ url(x=1) }} {{ live.error }} {{ request.url }}",
        "{% for note in notes %}{{ note.title }} {{ note.short }} {{ note.author.name }}{% endfor %}",
        "{% for note in notes|sort|reverse %}{{ note.title.upper() }}{% endfor %}",
        "{% for note in notes if note.title %}{{ loop.index }}{% else %}none{% endfor %}",
        """<p live-click="{{ js.toggle('#a').call(add) }}"></p>{% set js = anything %}{{ js.what() }}""",
        "{% for x, y in points %}{{ x }}{{ y }}{% endfor %}{% for p in points %}{{ p.x }}{% endfor %}",
        "{% for id in by_id %}{{ by_id[id].what }}{% endfor %}{{ by_id.what }} {{ anything.what.ever }}",
        "{{ newest.title if newest }} {{ filter }} {{ filter.q }} {{ filter.clear }}",
        "{% set n = notes|length %}{{ n }}{% macro m(a) %}{{ a.b }}{{ n }}{% endmacro %}{{ m(1) }}",
        "{{ other if other is defined }} {{ another|default('x') }}",
        "{% set notes = anything %}{% for note in notes %}{{ note.titel }}{% endfor %}",
        "{{ button(add, 'Add') }} {{ range(3) }}",
        "{{ archive() }}{% for archive in notes %}{{ archive }}{% endfor %}",
    ],
)
def test_what_is_right(body: str) -> None:
    assert [finding for finding in in_body(body) if "error" in finding.split()[1]] == []


def test_a_name_that_the_template_tests_may_be_missing() -> None:
    body = "{{ other if other is defined and other }} {{ another|default('x') }}"
    assert in_body(body + "{% if last is undefined %}{% endif %}") == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{{ nots }}", "notes.html:2: error: Notes has no 'nots'; did you mean 'notes'?"),
        (
            """<p live-click="{{ js.togle('#a') }}"></p>""",
            "notes.html:2: error: js has no command 'togle'; did you mean 'toggle'?",
        ),
        (
            """<p live-click="{{ js.hide().blurr() }}"></p>""",
            "notes.html:2: error: js has no command 'blurr'; did you mean 'blur'?",
        ),
        (
            """<p live-click="{{ js.add_class() }}"></p>""",
            "notes.html:2: error: js.add_class: missing a required argument: 'names'",
        ),
        (
            """<p title="{{ js.hide() }}"></p>""",
            "notes.html:2: error: title can't contain client commands: they belong to event attributes",
        ),
        ('<form method="post" action="{{ ad }}"></form>', "notes.html:2: error: Notes has no 'ad'"),
        (
            '<form method="post" action="{{ archive }}"></form>',
            "notes.html:2: error: Notes.archive is a function: decorate it with @action",
        ),
        ("{{ nothing_like_it }}", "notes.html:2: error: Notes has no 'nothing_like_it'"),
        (
            "{% for note in notes %}\n{{ note.titel }}{% endfor %}",
            "notes.html:3: error: Note has no attribute 'titel'; did you mean 'title'?",
        ),
        ("{{ newest.titel }}", "notes.html:2: error: Note has no attribute 'titel'"),
        ("{{ newest.author.naem }}", "notes.html:2: error: Author has no attribute 'naem'"),
        ("{{ newest.title.uper() }}", "notes.html:2: error: str has no attribute 'uper'"),
        ("{% for p in points %}{{ p.z }}{% endfor %}", "notes.html:2: error: Point has no attribute 'z'"),
        ("{{ add.eror }}", "notes.html:2: error: ActionRef has no attribute 'eror'; did you mean 'error'?"),
        ("{{ filter.clera }}", "notes.html:2: error: Filter has no attribute 'clera'"),
        (
            """<input live-bind="{{ live.field.anythin }}">""",
            "notes.html:2: error: live.field.anythin: Notes has no such field; did you mean 'anything'?",
        ),
        (
            """<input live-bind="{{ live.field.newest }}">""",
            "notes.html:2: error: live.field.newest: this field of Notes can't be set: load() sets it",
        ),
        ("<input live-bind='q'>", "notes.html:2: error: the value of live-bind is a field of the page"),
        ("{% if %}", "notes.html:2: error: Expected an expression"),
        ("{% include 'rows.html' %}", "error: Notes: there is no template 'rows.html'"),
        ('<p live-clck="{{ add }}"></p>', "notes.html:2: warning: live-clck: did you mean live-click?"),
        ("{% if nots %}{% endif %}", "notes.html:2: warning: Notes has no 'nots'; did you mean 'notes'?"),
        ("{% if other %}{% endif %}", "notes.html:2: warning: Notes has no 'other'"),
        ("{{ nots|default('') }}", "notes.html:2: warning: Notes has no 'nots'; did you mean 'notes'?"),
    ],
)
def test_what_is_wrong(body: str, message: str) -> None:
    found = in_body(body)
    assert len(found) == 1 and found[0].startswith(message)


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ("<p>{% if %}</p>", "%}</p>"),
        ("<b>\n<Crad /></b>", "<Crad"),
        ("<b>{{ nots }}</b>", "nots"),
        ("<b>{{ newest.titel }}</b>", "titel"),
        ("<b>{{ archive }}</b>", "archive"),
        ("""<p live-click="{{ js.togle('#a') }}"></p>""", "togle"),
        ("<b></b><table>text</table>", "text"),
        ('<p live-clck="{{ add }}"></p>', "live-clck"),
        ("{{ nots }} {{ nots }}", ""),
    ],
)
def test_the_column_is_shown_below_the_line(body: str, at: str) -> None:
    environment = Environment(loader=DictLoader({"notes.html": body, "filter.html": ""}), autoescape=True)
    live = Live(environment)
    live.page("/notes")(Notes)
    [finding] = check([live])
    line = body.split("\n")[-1]
    column = line.index(at) + 1 if at else 0
    assert (finding.column, f",col={column}::" in finding.github()) == (column, column > 0)
    first, *below = str(finding).split("\n")
    assert below == ([f"    {line}", "    " + " " * (column - 1) + "^"] if column else [])
    assert first.startswith(
        f"notes.html:{body.count(chr(10)) + 1}:{column}: " if column else "notes.html:1: error"
    )


def test_an_unknown_modifier() -> None:
    found = in_body('<p live-input.debunce.300="{{ add }}"></p>')
    assert found and ".debunce" in found[0] and found[0].startswith("notes.html:2: error")


def test_components_are_checked_with_their_own_names() -> None:
    found = findings({"notes.html": "{{ filter }}", "filter.html": "{{ notes }}"})
    assert found == ["filter.html:1: error: Filter has no 'notes'"]


def test_names_of_other_templates() -> None:
    found = findings(
        {
            "layout.html": "{% block body %}{% endblock %}{{ footer }}",
            "macros.html": "{% macro row(note) %}{{ note.any }}{% endmacro %}",
            "row.html": "{{ note.title }}",
            "notes.html": "{% extends 'layout.html' %}{% from 'macros.html' import row %}{% block body %}"
            "{% for note in notes %}{{ row(note) }}{% include 'row.html' %}{% endfor %}{% endblock %}",
        }
    )
    assert found == ["layout.html:1: error: Notes has no 'footer'"]


def test_context_processors() -> None:
    def works(request: Any) -> dict[str, Any]:
        return {"user": request.session.get("user")}

    def fails(request: Any) -> dict[str, Any]:
        return {"user": request.session["user"]}

    page = {"notes.html": "{{ user }} {{ nots }}"}
    typo = "notes.html:1: error: Notes has no 'nots'; did you mean 'notes'?"
    assert findings(page, context=[works]) == [typo]
    assert findings(page, context=[fails]) == [typo]  # `user` isn't known, and like nothing that is


def test_hidden_pages() -> None:
    route = Route("/{path:path}", lambda request: PlainTextResponse("x"), methods=["GET", "POST"])
    found = findings({"notes.html": "x"}, routes=[route])
    assert len(found) == 1 and found[0].startswith("warning: ") and "hides live pages" in found[0]
    assert "GET of Route 'live health'" in found[0]


def test_files_are_relative_to_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "notes.html").write_text("{{ nots }}")
    (tmp_path / "templates" / "filter.html").write_text("{{ q }}")
    monkeypatch.chdir(tmp_path)
    live = Live("templates")
    live.page("/notes")(Notes)
    assert [finding.file for finding in check([live])] == ["templates/notes.html"]


def test_annotations_of_pull_requests() -> None:
    assert (
        Finding("a.html", 3, "error", "100%\nwrong").github() == "::error file=a.html,line=3::100%25%0Awrong"
    )
    assert Finding("a.html", 3, "error", "x", 7).github() == "::error file=a.html,line=3,col=7::x"
    assert Finding("", 0, "warning", "x").github() == "::warning ::x"


PREFIX = "other"
NAMES: dict[str, Any] = {"more": 1}


async def diary(name: str, page: int = 1) -> Rendered:
    lines = ["a"]

    @action
    async def write(text: str) -> None: ...

    if page > 1:
        return liveactions.render("diary.html", lines=lines, write=write, older=True)
    return render("diary.html", lines=lines, write=write)


async def open_diary(name: str) -> Rendered:
    return render("diary.html", **NAMES)


async def elsewhere(name: str) -> Rendered:
    return render(f"{PREFIX}.html", lines=[])


def in_function(function: Any, body: str) -> list[str]:
    templates = {"diary.html": f"<title>x</title>\n{body}", "other.html": body}
    live = Live(Environment(loader=DictLoader(templates), autoescape=True))
    live.page("/diary/{name}")(function)
    return [without_column(finding) for finding in check([live])]


@pytest.mark.parametrize(
    ("function", "body"),
    [
        (diary, "{{ name }} {{ page }} {{ lines }} {{ older }} {{ url(page=2) }}"),
        (diary, '<form method="post" action="{{ write }}"><input name="text"></form>{{ write.errors.text }}'),
        (diary, "{% for line in lines %}{{ line.anything }}{% endfor %}"),
        (open_diary, "{{ more }} {{ what_ever }}"),
        (elsewhere, "{{ lines }} {{ what_ever }}"),
    ],
)
def test_what_is_right_in_page_functions(function: Any, body: str) -> None:
    assert in_function(function, body) == []


@pytest.mark.parametrize(
    ("function", "body", "message"),
    [
        (diary, "{{ lnes }}", "diary.html:2: error: diary has no 'lnes'; did you mean 'lines'?"),
        (
            diary,
            '<form method="post" action="{{ wrte }}"></form>',
            "diary has no 'wrte'; did you mean 'write'?",
        ),
        (diary, "{{ nothing_like_it }}", "diary has no 'nothing_like_it'"),
        (diary, "{{ name.titel }}", "str has no attribute 'titel'"),
        (open_diary, "{{ nme }}", "open_diary has no 'nme'; did you mean 'name'?"),
    ],
)
def test_what_is_wrong_in_page_functions(function: Any, body: str, message: str) -> None:
    assert message in "\n".join(in_function(function, body))


def test_page_functions_without_a_template() -> None:
    assert "there is no template 'diary.html'" in "\n".join(
        without_column(finding) for finding in check([_with_function(diary)])
    )


def _with_function(function: Any) -> Live:
    live = Live(Environment(loader=DictLoader({}), autoescape=True))
    live.page("/diary/{name}")(function)
    return live


COMPONENTS = {
    "components/Card.html": (
        "{# props title: str #}\n<h2>{{ title }}</h2>\n{{ context.nots }}{{ slots.default }}"
    ),
    "components/Unused.html": "{# props n: int #}\n<Card title='{{ n }}'/>\n<Crad {{ attrs }}/>",
    "components/Fine.html": "{# props n: int #}\n<p {{ attrs }}>{{ n }}</p>",
}


def test_components_are_checked() -> None:
    found = in_body("<Fine n='{{ notes|length }}'/>\n<Card titel='x'/>", **COMPONENTS)
    assert [finding for finding in found if "error" in finding.split()[1]] == [
        "components/Unused.html:3: error: <Crad>: there is no component 'components/Crad.html'; did you mean"
        " 'Card'?; elements of HTML are in lower case",
        "notes.html:3: error: <Card> has no prop 'titel'; did you mean 'title'?",
    ]


PASSED_ON = {
    "components/Field.html": (
        "{# props label: str = '', page_size: int = 1, title: str = '' #}\n"
        "<p {{ attrs }}>{{ label }}{{ page_size }}{{ title }}</p>"
    ),
    "components/Form.html": "<Field {{ attrs }} lable='x'/>",
}


def test_attributes_that_look_like_props() -> None:
    found = in_body(
        "<Field lable='x' page-szie='2' titel='{{ newest }}'/>\n"
        "<Field lable='x' label='y' size=1 style=a data-lable=b live-labels=c {{ dynamic() }}/><Form/>\n"
        "<Field :title=x x-title=x @title=x hx-label='x'/>",
        **PASSED_ON,
    )
    passed_on = "warning: <Field> passes {!r} on as an attribute; did you mean its prop {!r}?"
    assert [finding for finding in found if "passes" in finding] == [
        f"components/Form.html:1: {passed_on.format('lable', 'label')}",
        f"notes.html:2: {passed_on.format('lable', 'label')}",
        f"notes.html:2: {passed_on.format('page-szie', 'page_size')}",
        f"notes.html:2: {passed_on.format('titel', 'title')}",
    ]


def test_names_that_components_take_from_the_page_are_checked() -> None:
    found = in_body("<Card title='{{ newest.titel }}'/>", **COMPONENTS)
    assert "components/Card.html:3: error: Notes has no 'nots'; did you mean 'notes'?" in found
    assert "notes.html:2: error: Note has no attribute 'titel'; did you mean 'title'?" in found
