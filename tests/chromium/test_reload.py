"""A page that can be loaded, but whose socket is refused."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from starlette.requests import Request

from liveactions import Page as LivePage
from liveactions import Pages, action, forbidden
from tests.chromium.conftest import Visit
from tests.support.small import small_app

pages = Pages()
TEMPLATES = {
    "shut.html": """<title>Shut</title><h1>{{ count }}</h1>
<form method="post" action="{{ add }}"><button>Add</button></form>""",
}
IMPATIENT = (
    "const later = setTimeout; window.setTimeout = (then, ms) => later(then, /reload/.test(then) ? 0 : ms)"
)
"""The pauses between reloads are skipped."""


async def by_document(request: Request) -> None:
    """Refuse all requests but those of the browser's own navigation."""
    if request.headers.get("sec-fetch-mode") != "navigate":
        raise forbidden("Documents only")


@pages.page("/shut", guard=by_document)
class Shut(LivePage):
    template = "shut.html"
    count: int = 0

    @action
    async def add(self) -> None:
        self.count += 1


app = small_app(pages, TEMPLATES)


def loads_of(page: Page) -> list[str]:
    loads: list[str] = []
    page.on(
        "request", lambda request: loads.append(request.method) if request.is_navigation_request() else None
    )
    return loads


def test_a_page_that_its_guard_refuses_at_the_join_stays_and_posts(visit: Visit, site: str) -> None:
    visitor = visit(site, outages=True)
    page = visitor.new_tab()
    page.add_init_script(IMPATIENT)
    loads = loads_of(page)
    page.goto(f"{visitor.url}/shut")
    expect(page.locator(".live-notice")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-live", "closed")
    assert loads == ["GET"] * 5
    page.get_by_role("button", name="Add").click()
    expect(page.locator("h1")).to_have_text("1")
    assert loads[5:7] == ["POST", "GET"]
    visitor.problems.clear()  # where operations go by fetch, the browser notes that they are refused
