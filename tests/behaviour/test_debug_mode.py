"""What a developer is told in debug mode, over the socket and by HTTP; and that nobody is in production."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from liveactions import Live, Page, Pages, action, loaded, on, refresh
from tests.support.asgi import Browser, Tab, browser
from tests.support.small import KEY

pages = Pages()


@pages.page("/notes")
class Notes(Page):
    template = "notes.html"
    count: int = 0
    broken: bool = False
    rows: list[Any] = loaded()
    _rows: list[Any]

    async def load(self) -> None:
        self.rows = getattr(self, "_rows", [])

    @action
    async def add(self) -> None:
        self.count += 1

    @action
    async def spoil(self) -> None:
        self.broken = True

    @action
    async def crash(self) -> None:
        raise LookupError("a <secret>")

    @on("crash")
    async def listen(self) -> None:
        raise LookupError("in a push")

    @on("spoil")
    async def spoil_all(self) -> None:
        self.broken = True

    @on("rows")
    async def fill(self, rows: list[Any]) -> None:
        self._rows = [tuple(row) if isinstance(row, list) else row for row in rows]
        refresh()


NOTES = """<title>Notes</title>
<h1>{{ count }}</h1>
{% include "part.html" %}
<form method="post" action="{{ add }}"><button>Add</button></form>
<form method="post" action="{{ spoil }}"><button>Spoil</button></form>
<form method="post" action="{{ crash }}"><button>Crash</button></form>
"""
PART = """<p>
  part
  {%- if broken %}
  {{ 1 // 0 }}
  {%- endif %}
</p>
"""


class Site:
    """The application, and the folder that its templates are in."""

    def __init__(self, folder: Path, debug: bool = True, **templates: str) -> None:
        self.folder = folder
        self._saved = 0
        for name, text in {"notes": NOTES, "part": PART, **templates}.items():
            self.save(f"{name}.html", text)
        self.live = Live(folder, keys=KEY, debug=debug)
        self.live.include(pages)

    def save(self, name: str, text: str) -> None:
        """Save a template, a second after the one before."""
        path = self.folder / name
        path.write_text(text)
        self._saved += 1
        os.utime(path, (self._saved, self._saved))

    async def look(self) -> None:
        """What happens once a second."""
        await self.live.sessions.run_maintenance(time.monotonic())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@asynccontextmanager
async def visiting(site: Site) -> AsyncIterator[tuple[Browser, Tab]]:
    async with browser(site.live) as one:
        tab = await one.joined("/notes")
        await site.look()
        yield one, tab


def events(frame: list[Any], name: str) -> list[Any]:
    return [detail for event, detail in frame[5].get("events", []) if event == name]


async def advice(site: Site, *rows: Any) -> list[list[str]]:
    """What is said of the page, once it shows these rows."""
    async with visiting(site) as (_, tab):
        site.live.publish("rows", rows=rows)
        found = []
        while True:
            frame = await tab.receive()
            found += [one for told in events(frame, "live:advice") for one in told]
            if frame[2]:
                return found


# Errors


async def test_by_http_the_template_its_line_and_the_traceback_are_shown(tmp_path: Path) -> None:
    site = Site(tmp_path, notes=NOTES.replace("{{ count }}", "{{ count // 0 }}"))
    async with browser(site.live) as one:
        response = await one.http.get("/notes")
    assert response.status_code == 500 and response.headers["cache-control"] == "no-store"
    assert (
        "<title>ZeroDivisionError" in response.text
        and "<h2>notes.html, line 2, column 5</h2>" in response.text
    )
    assert "<mark>    2  &lt;h1&gt;{{ count // 0 }}&lt;/h1&gt;\n           ^</mark>" in response.text
    assert "Traceback (most recent call last)" in response.text


async def test_by_http_a_template_that_is_none(tmp_path: Path) -> None:
    site = Site(tmp_path, part="<p>\n{% if %}</p>")
    async with browser(site.live) as one:
        response = await one.http.get("/notes")
    assert response.status_code == 500 and "<h2>part.html, line 2, column 7</h2>" in response.text


async def test_by_http_what_browsers_would_not_keep(tmp_path: Path) -> None:
    site = Site(tmp_path, part="<table>\n<tbody>\n  text\n</tbody></table>")
    async with browser(site.live) as one:
        response = await one.http.get("/notes")
    assert response.status_code == 500 and "<h2>part.html, line 3, column 3</h2>" in response.text
    assert "<mark>    3    text\n         ^</mark>" in response.text


async def test_a_post_without_script_shows_it_too(site: Site) -> None:
    async with browser(site.live) as one:
        tab = await one.open("/notes")
        response = await one.http.post(
            tab.action("crash"),
            data={"_s": tab.snapshot},
            follow_redirects=True,
        )
    assert response.status_code == 500 and "LookupError: a &lt;secret&gt;" in response.text
    assert "in crash" in response.text and "<h2>" not in response.text


async def test_over_the_socket_an_op_is_answered_with_it(site: Site) -> None:
    async with visiting(site) as (_, tab):
        payload = (await tab.call("crash"))[3][2]
        assert payload["error"] == "LookupError: a <secret>" and "template" not in payload
        payload = (await tab.call("spoil"))[3][2]
        assert payload["template"] == {
            "name": "part.html",
            "line": 4,
            "column": 3,
            "excerpt": [[n, text] for n, text in enumerate(PART.splitlines(), 1)][:7],
        }
        assert "in the template part.html, line 4" in payload["details"]


async def test_what_fails_by_itself_is_told_as_an_event(site: Site) -> None:
    async with visiting(site) as (_, tab):
        site.live.publish("crash")
        [error] = events(await tab.receive(), "live:error")
        assert error["error"] == "LookupError: in a push" and "in listen" in error["details"]
        site.live.publish("spoil")
        [error] = events(await tab.receive(), "live:error")
        assert error["template"]["name"] == "part.html"


async def test_after_that_the_page_can_still_be_used(site: Site) -> None:
    async with visiting(site) as (_, tab):
        site.live.publish("crash")
        await tab.receive()
        frame = await tab.call("add")
        assert "1" in frame[2]


async def test_in_production_nothing_of_it_is_told(tmp_path: Path) -> None:
    site = Site(tmp_path, debug=False)
    async with visiting(site) as (one, tab):
        assert "debug" not in tab.html
        payload = (await tab.call("spoil"))[3][2]
        assert payload.keys() == {"error", "errors", "status", "id"}
        site.live.publish("crash")
        site.save("notes.html", NOTES.replace("h1", "h2"))
        await site.look()
        frame = await tab.call("crash")
        assert frame[5] == {} and frame[3][2].keys() == payload.keys()
        assert "<h1 " in (await one.http.get("/notes")).text
    broken = Site(tmp_path, debug=False, notes="{% if %}")
    async with browser(broken.live) as one:
        response = await one.http.get("/notes")
        assert response.status_code == 500
        assert not any(word in response.text for word in ("notes.html", "Traceback", "Syntax", ".py"))


# Saved templates


async def test_a_saved_template_is_shown_with_the_page_s_state(site: Site) -> None:
    async with visiting(site) as (_, tab):
        await tab.call("add")
        site.save("notes.html", NOTES.replace("{{ count }}", "Notes: {{ count }}"))
        await site.look()
        frame = await tab.receive()
        assert ">Notes: 1</h1>" in frame[2]["page"]
        assert events(frame, "live:template") == [None]
        frame = await tab.call("add")
        assert frame[3] == [] and "Notes: 2" in frame[2]


async def test_so_is_one_that_it_includes(site: Site) -> None:
    async with visiting(site) as (_, tab):
        site.save("part.html", "<p>another part</p>")
        await site.look()
        assert "another part" in (await tab.receive())[2]["page"]


async def test_nothing_is_sent_without_need(site: Site) -> None:
    async with visiting(site) as (_, tab):
        site.save("notes.html", NOTES)
        await site.look()
        await tab.receive()
        for _ in range(3):
            await site.look()
        site.save("unused.html", "x")
        await site.look()
        await tab.call("add")
        assert tab.socket.unread == 0


async def test_one_with_an_error_leaves_the_page_as_it_was(site: Site) -> None:
    async with visiting(site) as (_, tab):
        site.save("part.html", "<p>\n\n{{ 1 // 0 }}</p>")
        await site.look()
        frame = await tab.receive()
        [error] = events(frame, "live:error")
        assert not frame[2] and (error["template"]["name"], error["template"]["line"]) == ("part.html", 3)
        site.save("part.html", "<p>{% if %}</p>")
        await site.look()
        [error] = events(await tab.receive(), "live:error")
        assert error["error"].startswith("TemplateSyntaxError")
        site.save("part.html", "<p>mended</p>")
        await site.look()
        assert "mended" in (await tab.receive())[2]["page"]


async def test_a_page_that_was_away_shows_it_when_it_comes_back(site: Site) -> None:
    async with visiting(site) as (_, tab):
        await tab.socket.lose()
        site.save("part.html", "<p>another part</p>")
        await site.look()
        welcome = await tab.join()
        assert "another part" in str(welcome["patch"]) or "another part" in str(welcome["shapes"])


async def test_a_file_that_is_gone_for_a_moment(site: Site) -> None:
    async with visiting(site) as (_, tab):
        (site.folder / "part.html").unlink()
        await site.look()
        [error] = events(await tab.receive(), "live:error")
        assert error["error"].startswith("TemplateNotFound")
        site.save("part.html", "<p>again</p>")
        await site.look()
        assert "again" in (await tab.receive())[2]["page"]


# Advice


LOOP = "<title>L</title>\n<ul>\n{% for row in rows %}\n  <li>{{ row }}</li>\n{% endfor %}\n</ul>"


@pytest.mark.parametrize(
    ("loop", "rows", "codes"),
    [
        (LOOP, ["a", "b"], []),
        (LOOP, [{"id": 1}, {"id": 2}], []),
        (LOOP, [{"name": "a"}], []),
        (LOOP, [{"name": "a"}, {"name": "b"}], ["LA002"]),
        (LOOP, [[1, "a"], [2, "b"]], []),
        (LOOP.replace("<li>", '<li data-key="{{ row.name }}">'), [{"name": "a"}, {"name": "b"}], []),
        (LOOP.replace("<li>", '<li id="row-{{ loop.index }}">'), [{"name": "a"}, {"name": "b"}], []),
        (LOOP, ["a", "a"], ["LA003"]),
        (LOOP, [{"id": 1}, {"id": 1}], ["LA003"]),
        (
            LOOP.replace("row in rows", "a, b in rows").replace("{{ row }}", "{{ b }}"),
            [[1, 2], [3, 4]],
            [],
        ),
    ],
)
async def test_keys_of_lists(tmp_path: Path, loop: str, rows: list[Any], codes: list[str]) -> None:
    told = await advice(Site(tmp_path, notes=loop), *rows)
    assert [code for code, _ in told] == codes
    assert all(text.startswith("notes.html, line 3: ") for _, text in told)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (
            "<title>T</title>\n<p>\n<div>x</div>\n{{ rows }}</p>",
            "notes.html, line 4: <div> isn't allowed in <p>",
        ),
        ("<title>T</title>\n\n<a>a {{ rows }}\n<a>b</a></a>", "notes.html, line 4: <a> isn't allowed in <a>"),
        (
            "<title>T</title>\n<b>{{ rows }}\n<i>\n</b></i>",
            "notes.html, line 4: </b> comes before the end of <i>",
        ),
        (
            "<title>T</title>\n{% if rows %}\n<a><p>\n<a>b</a></p></a>\n{% endif %}",
            "line 4: <a> isn't allowed in <a>",
        ),
        (
            '<title>T</title>\n<a>{% include "part.html" %}</a>{{ rows }}',
            "notes.html, line 2: <a> isn't allowed in <a>",
        ),
        (
            "<title>T</title>\n<table>\n<tbody>{{ rows|length }}</tbody></table>",
            "notes.html, line 3: text isn't allowed",
        ),
    ],
)
async def test_nesting(tmp_path: Path, template: str, said: str) -> None:
    site = Site(tmp_path, notes=template, part="<p>\n<a>inner</a></p>")
    told = await advice(site, "a")
    assert [code for code, _ in told][:1] == ["LA005"]
    assert said in told[0][1]


async def test_each_is_said_once(tmp_path: Path) -> None:
    site = Site(tmp_path, notes=LOOP)
    async with visiting(site) as (_, tab):
        rows = [{"name": "a"}, {"name": "b"}]
        said = []
        for n in range(3):
            site.live.publish("rows", rows=[*rows, {"name": n}])
            said += events(await tab.receive(), "live:advice")
        assert len(said) == 1


@pytest.mark.parametrize(
    ("target", "key", "codes"), [("row", "", ["LA002"]), ("a, b", "", ["LA002"]), ("row", "{{ row[0] }}", [])]
)
async def test_tuples_that_are_others_each_time(
    tmp_path: Path, target: str, key: str, codes: list[str]
) -> None:
    loop = LOOP.replace("row in", f"{target} in").replace("{{ row }}", "{{ row or b }}")
    site = Site(tmp_path, notes=loop.replace("<li>", f'<li data-key="{key}">') if key else loop)
    async with visiting(site) as (_, tab):
        said = []
        for n in range(3):
            site.live.publish("rows", rows=[[1, "a"], [2, "b"], [3, n]])
            said += events(await tab.receive(), "live:advice")
        assert [code for [told] in said for code in told[:1]] == codes


@pytest.mark.parametrize("body", ["{{ b }}", "{% set c = b %}{{ c }}{% set d = loop.previtem %}"])
async def test_a_constant_list_needs_no_keys(tmp_path: Path, body: str) -> None:
    loop = f'{{% for a, b in [(1, "a"), (2, "b")] %}}<li>{body}</li>{{% endfor %}}{{{{ rows }}}}'
    async with visiting(Site(tmp_path, notes=f"<title>T</title>{loop}")) as (_, tab):
        assert [events(await tab.call("add"), "live:advice") for _ in range(3)] == [[], [], []]


async def test_templates_in_parts_are_no_mistake(tmp_path: Path) -> None:
    template = '<title>T</title>{% include "part.html" %}{{ rows }}{% include "end.html" %}'
    site = Site(tmp_path, notes=template, part="<section><p>open", end="</p></section>")
    assert await advice(site, "a") == []
