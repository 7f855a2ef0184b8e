"""Debug mode in a browser: saved templates, errors over the page, hints in the console."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from docs.code import DOCS
from liveactions import Live, Pages, action
from liveactions import Page as LivePage
from tests.chromium.conftest import Visit
from tests.chromium.here import serving_here
from tests.support.client import load_lazy
from tests.support.small import KEY

pages = Pages()


@pages.page("/notes")
class Notes(LivePage):
    template = "notes.html"
    count: int = 0
    broken: bool = False

    @action
    async def add(self) -> None:
        self.count += 1

    @action
    async def spoil(self) -> None:
        self.broken = not self.broken


NOTES = """<title>Notes</title>
<h1>{{ count }}</h1>
<form method="post" action="{{ add }}"><input name="note" id="note"> <button>Add</button></form>
<button form="live" formaction="{{ spoil }}">Spoil</button>
{% if broken %}<p>{{ 1 // 0 }}</p>{% endif %}
"""


class Site:
    """A served application and the folder that its templates are in."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder = folder
        self.url = url
        self._saved = 0

    def save(self, text: str) -> None:
        self._saved += 1
        path = self.folder / "notes.html"
        path.write_text(text)
        os.utime(path, (self._saved, self._saved))


def serving(folder: Path, debug: bool) -> Iterator[Site]:
    site = Site(folder)
    site.save(NOTES)
    live = Live(folder, keys=KEY, debug=debug)
    live.include(pages)
    with serving_here(live) as site.url:
        yield site


# Asked for before `visit`: the server is there until the browser has gone.


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    yield from serving(tmp_path, True)


@pytest.fixture
def production(tmp_path: Path) -> Iterator[Site]:
    yield from serving(tmp_path, False)


def opened(visit: Visit, site: Site) -> Page:
    return visit(site.url).open("/notes")


def test_a_saved_template_is_shown_with_state_and_typing(site: Site, visit: Visit) -> None:
    page = opened(visit, site)
    page.get_by_role("button", name="Add").click()
    expect(page.locator("h1")).to_have_text("1")
    page.locator("#note").fill("half a")
    page.evaluate("window.same = true")
    site.save(NOTES.replace("{{ count }}", "Notes: {{ count }}").replace("<input", "<b>Note</b> <input"))
    expect(page.locator("h1")).to_have_text("Notes: 1")
    expect(page.locator("b")).to_have_text("Note")
    expect(page.locator("#note")).to_have_value("half a")
    expect(page.locator("#note")).to_be_focused()
    assert page.evaluate("same"), "it was not loaded again"
    assert page.evaluate("fetch(location.href, null).then((answer) => answer.ok)"), (
        "others call fetch as always"
    )
    page.get_by_role("button", name="Add").click()
    expect(page.locator("h1")).to_have_text("Notes: 2")


def test_one_with_an_error_is_shown_until_it_is_mended(site: Site, visit: Visit) -> None:
    page = opened(visit, site)
    site.save(NOTES.replace("{{ count }}", "{{ count }"))
    overlay = page.get_by_role("dialog")
    expect(overlay.locator("h1")).to_contain_text("TemplateSyntaxError")
    expect(overlay.locator("h2")).to_have_text("notes.html, line 2, column 14")
    expect(overlay.locator("mark")).to_contain_text("{{ count }")
    expect(page.locator("h1").first).to_have_text("0")
    site.save(NOTES.replace("<h1>", "<h1>mended "))
    expect(overlay).to_have_count(0)
    expect(page.locator("h1")).to_have_text("mended 0")


def test_the_place_in_a_template_of_an_action_s_error(site: Site, visit: Visit) -> None:
    page = opened(visit, site)
    page.get_by_role("button", name="Spoil").click()
    overlay = page.get_by_role("dialog")
    expect(overlay.locator("h2")).to_have_text("notes.html, line 5")
    expect(overlay).to_contain_text("Traceback")


def test_so_by_fetch(site: Site, visit: Visit) -> None:
    visitor = visit(site.url)
    visitor.context.add_init_script("window.WebSocket = class { close() {} }")
    page = visitor.new_tab()
    page.goto(visitor.url + "/notes")
    page.get_by_role("button", name="Spoil").click()
    expect(page.get_by_role("dialog").locator("h2")).to_have_text("notes.html, line 5")


@pytest.mark.parametrize("script", [True, False])
def test_a_page_that_cannot_be_opened_says_why(site: Site, visit: Visit, script: bool) -> None:
    site.save(NOTES.replace("{{ count }}", "{{ count // 0 }}"))
    visitor = visit(site.url, script=script, outages=True)
    page = visitor.new_tab()
    response = page.goto(visitor.url + "/notes")
    assert response and response.status == 500
    expect(page.locator("h1")).to_contain_text("ZeroDivisionError")
    expect(page.locator("h2")).to_have_text("notes.html, line 2, column 5")
    expect(page.locator("mark")).to_contain_text("{{ count // 0 }}")
    visitor.problems.clear()  # the browser notes the status


def warnings_of(site: Site, visit: Visit, template: str, *codes: str) -> list[str]:
    """Open a page, and return the warnings in its console once there is one with each of these codes."""
    site.save(template)
    visitor = visit(site.url)
    page = visitor.new_tab()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "warning" else None)
    with page.expect_console_message(lambda _: {line[:5] for line in said} >= set(codes)):
        visitor.go(page, "/notes")
    return sorted(said)


def test_the_console_says_what_is_wrong(site: Site, visit: Visit) -> None:
    said = warnings_of(
        site,
        visit,
        '<title>T</title>\n<p id="a">{{ count }}</p>\n<p id="a">x</p>\n'
        '<form live-submit="{{ add }}"></form>\n'
        "<ul>{% for n in [{}] * 2 %}<li>{{ n }}</li>{% endfor %}</ul>",
        "LA001",
        "LA002",
        "LA004",
    )
    assert [line[:5] for line in said] == ["LA001", "LA002", "LA004"]
    assert said[1].startswith("LA002 notes.html, line 5: ")


def test_the_console_says_what_browsers_repair(site: Site, visit: Visit) -> None:
    said = warnings_of(
        site, visit, "<title>T</title>\n<h1>{{ count }}</h1>\n<p><a>x<a>y</a></a></p>", "LA005"
    )
    assert [line[:5] for line in said] == ["LA005"]
    assert said[0].startswith("LA005 notes.html, line 3: <a> isn't allowed in <a>")


def test_examples_of_hints_in_the_reference(site: Site, visit: Visit) -> None:
    """Each first one gets its hint; the second ones get none."""
    text = (DOCS / "reference" / "hints.md").read_text()
    pairs = re.findall(r"### `(LA\d+)`[^#]*?```jinja\n(.*?)```\n\n```jinja\n(.*?)```", text, re.DOTALL)
    names = '{% set notes = [{"id": 1, "title": "Tea"}, {"id": 2, "title": "Milk"}] %}'
    names += '{% set products, url = [{"name": count}, {"name": "Milk"}], "javascript:" ~ count %}'
    names += "{% set save, close = add, add %}<title>T</title>"
    for code, wrong, _ in pairs:
        assert [line[:5] for line in warnings_of(site, visit, names + wrong, code)] == [code]
    right = names + "".join(right for _, _, right in pairs) + "<form live-submit='{{ add }}'></form>"
    assert [line[:5] for line in warnings_of(site, visit, right, "LA004")] == ["LA004"]


def test_the_panel(site: Site, visit: Visit) -> None:
    visitor = visit(site.url, outages=True)
    page = visitor.open("/notes")
    page.locator("#note").focus()
    page.keyboard.press("Alt+Shift+L")
    panel = page.get_by_role("region", name="Developer's panel")
    expect(panel.get_by_role("tab", name="Operations")).to_be_focused()
    page.get_by_role("button", name="Add").click()
    expect(panel.get_by_role("row").filter(has_text="Notes.add")).to_contain_text("200")
    assert Axe().run(page, context="[data-live-panel]").violations_count == 0

    panel.get_by_role("tab", name="Operations").focus()
    page.keyboard.press("ArrowRight")
    expect(panel.get_by_role("tab", name="Messages")).to_be_focused()
    expect(panel.get_by_role("row").nth(1)).to_contain_text("notes.html, line 2: content")
    page.keyboard.press("ArrowRight")
    field = panel.get_by_role("textbox", name="count")
    expect(field).to_have_value("1")
    field.fill("ten")
    field.press("Enter")
    expect(panel.get_by_role("alert").filter(has_text="Notes.count: this isn't JSON")).to_be_visible()
    field.fill("41")
    panel.get_by_role("button", name="Set count").click()
    expect(page.locator("h1")).to_have_text("41")
    expect(panel.get_by_role("alert").filter(has_text="JSON")).to_have_count(0)
    page.get_by_role("button", name="Add").click()
    expect(field).to_have_value("42")
    assert Axe().run(page, context="[data-live-panel]").violations_count == 0

    panel.get_by_role("tab", name="Network").click()
    panel.get_by_label("Offline").check()
    expect(panel.get_by_role("status")).to_have_text("connecting …")
    page.get_by_role("button", name="Add").click()
    panel.get_by_label("Offline").uncheck()
    expect(page.locator("h1")).to_have_text("43")
    expect(panel.get_by_role("status")).to_have_text("connected")
    panel.get_by_label("Latency").fill("100")
    with page.expect_websocket():
        panel.get_by_role("button", name="Disconnect").click()
    page.get_by_role("button", name="Add").click()
    expect(page.locator("h1")).to_have_text("44")
    assert Axe().run(page, context="[data-live-panel]").violations_count == 0
    page.reload()
    expect(panel.get_by_role("tab", name="Network")).to_have_attribute("aria-selected", "true")
    expect(panel.get_by_label("Latency")).to_have_value("100")
    panel.get_by_label("Latency").press("Escape")
    expect(panel).to_have_count(0)


def test_in_production_nothing_of_it_is_loaded(production: Site, visit: Visit) -> None:
    visitor = visit(production.url)
    page = visitor.new_tab()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    visitor.go(page, "/notes")
    page.get_by_role("button", name="Spoil").click()
    page.wait_for_function("!document.querySelector('[data-pending]')")
    load_lazy(page)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Alt+Shift+L")
    expect(page.get_by_role("region", name="Developer's panel")).to_have_count(0)
    assert not any("debug" in url or "panel" in url for url in asked)
