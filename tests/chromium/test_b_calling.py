"""B. Calling: what forms, buttons and events do in a browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import Request as Sent
from playwright.sync_api import Route as Held
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.routing import Route

from liveactions import Page as LivePage
from liveactions import Pages, action
from tests.chromium import shop
from tests.chromium.conftest import Visit, Visitor
from tests.support.small import small_app

pages = Pages()
TEMPLATES = {
    "list.html": """<title>List</title>
<form method="post" action="{{ save }}" id="form">
  <label>Text <input name="text" value="a"></label>
  <button name="how" value="saved">Save</button>
  <button name="how" value="removed" formaction="{{ remove }}">Remove</button>
  <input type="submit" name="how" value="dropped" formaction="{{ remove }}">
  <input type="image" alt="Picture" name="spot" formaction="{{ point }}"
    src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">
  <button formaction="/elsewhere" formmethod="get">Elsewhere</button>
</form>
<button form="form" formaction="{{ remove }}" name="how" value="outside">Outside</button>
<ul>{% for line in lines %}<li>{{ line }}</li>{% endfor %}</ul>
{% for n in (1, 2) %}
<button live-click="{{ pick(n) }}">Pick {{ n }}</button>
<button form="live" formaction="{{ pick(n) }}">Choose {{ n }}</button>
{% endfor %}""",
    "paid.html": "<title>Paid</title><h1>Paid</h1>",
    "elsewhere.html": "<title>Elsewhere</title><h1>Elsewhere</h1>",
}


@pages.page("/list")
class List(LivePage):
    template = "list.html"
    lines: list[str] = []

    @action
    async def save(self, text: str, how: str = "", more: str = "") -> None:
        self.lines = [*self.lines, f"save {text} {how} {more}".strip()]

    @action
    async def remove(self, text: str, how: str = "") -> None:
        self.lines = [*self.lines, f"remove {text} {how}"]

    @action
    async def point(self, text: str) -> None:
        self.lines = [*self.lines, f"point {text}"]

    @action
    async def pick(self, n: int) -> None:
        self.lines = [*self.lines, f"pick {n}"]


@pages.page("/elsewhere")
class Elsewhere(LivePage):
    template = "elsewhere.html"


@pages.page("/paid")
class Paid(LivePage):
    template = "paid.html"


async def plain(request: Request) -> HTMLResponse:
    return HTMLResponse("<!doctype html><title>Plain</title><h1>Plain</h1>")


async def expired(request: Request, error: Exception) -> RedirectResponse:
    return RedirectResponse("/paid", 303)


app = small_app(pages, TEMPLATES, exception_handlers={shop.Expired: expired})
app.routes.append(Route("/plain", plain))


SUBMITTERS = {
    "Save": "save a saved",
    "Remove": "remove a removed",
    "dropped": "remove a dropped",
    "Picture": "point a",
    "Outside": "remove a outside",
}


def test_b2_submitters_override_the_action(anybody: Visitor) -> None:
    page = anybody.open("/list")
    lines = []
    for name, line in SUBMITTERS.items():
        page.get_by_role("button", name=name, exact=True).click()
        lines.append(line)
        expect(page.get_by_role("listitem")).to_have_text(lines)


def test_b3_an_ordinary_address_is_left_to_the_browser(anybody: Visitor) -> None:
    page = anybody.open("/list")
    page.get_by_role("button", name="Elsewhere").click()
    expect(page.locator("h1")).to_have_text("Elsewhere")


def test_b4_a_script_submits_prevents_and_adds_fields(person: Visitor) -> None:
    page = person.open("/list")
    page.evaluate("form.requestSubmit()")
    expect(page.get_by_role("listitem")).to_have_text(["save a"])
    page.evaluate("() => { form.onformdata = ({ formData }) => formData.append('more', 'added') }")
    page.evaluate("form.requestSubmit(form.querySelector('[value=saved]'))")
    expect(page.get_by_role("listitem")).to_have_text(["save a", "save a saved added"])
    page.evaluate("() => { form.onsubmit = event => event.preventDefault() }")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Pick 1").click()
    expect(page.get_by_role("listitem")).to_have_text(["save a", "save a saved added", "pick 1"])


def test_b5_no_style_sheet_shows_the_page_level_form(person: Visitor) -> None:
    page = person.open("/list")
    page.add_style_tag(content="form { display: grid } button { display: inline-flex; padding: 1rem }")
    page.add_style_tag(content="input[type=submit] { display: block; padding: 1rem }")
    for part in ("live-form", "#live", "#live [type=submit]"):
        expect(page.locator(part)).to_be_hidden()
    assert page.evaluate("document.querySelector('button').closest('#live')") is None
    page.get_by_role("button", name="Choose 1").click()
    expect(page.get_by_role("listitem")).to_have_text(["pick 1"])


def test_b5_events_call_with_a_script_only(anybody: Visitor) -> None:
    page = anybody.open("/list")
    page.get_by_role("button", name="Pick 2").click()
    page.get_by_role("button", name="Choose 1").click()
    lines = ["pick 2", "pick 1"] if anybody.script else ["pick 1"]
    expect(page.get_by_role("listitem")).to_have_text(lines)


NO_SOCKET = """
window.WebSocket = class {
  constructor() { queueMicrotask(() => this.onclose?.({ code: 1006 })); }
  send() {}
  close() {}
};
"""


def test_b12_before_the_script_runs_forms_post_natively(visit: Visit, site: str) -> None:
    person = visit(site)
    page = person.new_tab()
    page.route("**/_live/client.*.js", lambda route: None)  # it never comes
    page.goto(f"{person.url}/list", wait_until="commit")
    page.get_by_label("Text").fill("early")
    with page.expect_navigation(wait_until="commit"):
        page.get_by_role("button", name="Save").click(no_wait_after=True)
    expect(page.get_by_role("listitem")).to_have_text(["save early saved"])


def test_b12_what_was_typed_before_the_script_ran_stays(visit: Visit, site: str) -> None:
    person = visit(site)
    page = person.new_tab()
    held: list[Held] = []
    page.route("**/_live/client.*.js", lambda route: held.append(route))
    page.goto(f"{person.url}/list", wait_until="commit")
    page.get_by_label("Text").fill("early")
    held[0].continue_()
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    expect(page.get_by_label("Text")).to_have_value("early")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("listitem")).to_have_text(["save early saved"])


def test_b12_without_a_socket_all_goes_by_fetch_once_and_in_order(visit: Visit, site: str) -> None:
    person = visit(site)
    page = person.new_tab()
    page.add_init_script(NO_SOCKET)
    documents: list[str] = []

    def record(request: Sent) -> None:
        if request.is_navigation_request():
            documents.append(request.url)

    page.on("request", record)
    page.goto(f"{person.url}/list")
    for name in ("Pick 1", "Save", "Pick 2"):
        page.get_by_role("button", name=name).click()
    page.get_by_label("Text").fill("typed")
    expect(page.get_by_role("listitem")).to_have_text(["pick 1", "save a saved", "pick 2"])
    expect(page.get_by_label("Text")).to_have_value("typed")
    assert documents == [f"{person.url}/list"]


MODULE = "/_live/actions/tests.chromium.shop.js"
CAUGHT = "({ message, errors, status, id }) => ({ message, errors, status, masked: !!id })"


def calling(page: Page, expression: str) -> Any:
    """What an expression of the module's functions comes to; what an error holds."""
    return page.evaluate(f"import('{MODULE}').then(shop => {expression}).catch({CAUGHT})")


@pytest.fixture(params=["/list", "/plain"], ids=["S", "H"])
def scripted(request: pytest.FixtureRequest, visit: Visit, site: str) -> Page:
    """A live page, and one that isn't."""
    visitor = visit(site)
    visitor.problems = Expected()
    page = visitor.new_tab()
    page.goto(visitor.url + request.param)
    if request.param == "/list":
        expect(page.locator("html")).to_have_attribute("data-live", "open")
    return page


class Expected(list[str]):
    """Problems of a console, which logs each answer with the status of an error."""

    def append(self, problem: str) -> None:
        if "the server responded with a status of" not in problem:
            super().append(problem)


def test_b8_scripts_call_functions(scripted: Page) -> None:
    posts: list[str] = []

    def record(request: Sent) -> None:
        if request.method == "POST" and request.url != scripted.url:  # beside the page's connection
            posts.append(request.url)

    scripted.on("request", record)
    assert calling(scripted, "shop.addToCart('tea', 2)") == {"product": "tea", "amount": 2}
    assert calling(scripted, "shop.addToCart({ amount: 3, product: 'tea' })") == {
        "product": "tea",
        "amount": 3,
    }
    assert calling(scripted, "Object.keys(shop).sort()") == ["addToCart", "checkOut", "crash", "pay"]
    assert len(posts) == (2 if scripted.url.endswith("/plain") else 0)


def test_b8_errors_are_caught(scripted: Page) -> None:
    assert calling(scripted, "shop.addToCart('none')") == {
        "message": "Sold out", "errors": {"product": "Sold out"}, "status": 409, "masked": False,
    }  # fmt: skip
    invalid = calling(scripted, "shop.addToCart('tea', 'many')")
    assert (invalid["status"], list(invalid["errors"])) == (422, ["amount"])
    assert calling(scripted, "shop.addToCart({ amount: 1 })")["errors"].keys() == {"product"}


def test_h7_a_caller_catches_what_is_masked(scripted: Page) -> None:
    caught = calling(scripted, "shop.crash()")
    assert caught["masked"] and caught["status"] == 500 and "secret" not in str(caught)


def test_b8_a_redirect_is_followed(scripted: Page) -> None:
    scripted.evaluate(f"() => {{ import('{MODULE}').then(shop => shop.checkOut()) }}")
    expect(scripted.locator("h1")).to_have_text("Paid")
    assert scripted.url.endswith("/paid")


@pytest.mark.parametrize("scripted", ["/plain"], indirect=True)
def test_b8_where_a_handler_of_the_application_leads_is_followed(scripted: Page) -> None:
    scripted.evaluate(f"() => {{ import('{MODULE}').then(shop => shop.pay()) }}")
    expect(scripted.locator("h1")).to_have_text("Paid")
    assert scripted.url.endswith("/paid")


def test_b8_calls_of_a_page_wait_for_what_went_before(person: Visitor) -> None:
    page = person.open("/list")
    page.evaluate(
        f"""import("{MODULE}").then(shop => {{
          document.querySelector("[data-l*='@click']").click();
          return shop.addToCart("tea");
        }}).then(() => {{ window.lines = document.querySelectorAll("li").length }})"""
    )
    assert page.evaluate("lines") == 1
