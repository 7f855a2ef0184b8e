"""D. What a browser shows of errors, downloads and logins, with JavaScript and without."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from liveactions import Page, Pages, action, forbidden, not_found, redirect, unauthorized
from tests.chromium.conftest import Visitor
from tests.support.small import small_app

pages = Pages()
TEMPLATES = {
    "desk.html": """<!doctype html><html><head><title>Desk</title></head><body><h1>Desk {{ count }}</h1>
<form action="{{ miss }}"><button>Miss</button></form><form action="{{ enter }}"><button>Enter</button></form>
<form action="{{ export }}"><button>Export</button></form><form action="{{ add }}"><button>Add</button></form>
</body></html>""",
    "login.html": """<!doctype html><html><head><title>Log in</title></head><body><h1>Log in</h1>
<form action="{{ log_in }}"><button>I am Ada</button></form></body></html>""",
    "club.html": "<!doctype html><html><head><title>Club</title></head><body><h1>Welcome</h1></body></html>",
    "oops.html": """<!doctype html><html><head><title>Oops</title></head><body><h1>Oops {{ status }}</h1>
<p>{{ message }}</p></body></html>""",
}


@pages.page("/")
class Desk(Page):
    template = "desk.html"
    count: int = 0

    @action
    async def add(self) -> None:
        self.count += 1

    @action
    async def miss(self) -> Any:
        return not_found("No such drawer")

    @action
    async def enter(self) -> Any:
        return redirect("/club")

    @action
    async def export(self) -> Response:
        headers = {"Content-Disposition": 'attachment; filename="desk.csv"'}
        return PlainTextResponse(f"count\n{self.count}\n", headers=headers)


@pages.page("/login")
class Login(Page):
    template = "login.html"

    @action
    async def log_in(self) -> Any:
        self.live.set_cookie("user", "ada")
        self.live.set_cookie("seen", "yes", httponly=False)
        return redirect("/club")


async def member(request: Request) -> object:
    user = request.cookies.get("user")
    return None if user == "ada" else forbidden() if user else unauthorized()


club = Pages(guard=member)


@club.page("/club")
class Club(Page):
    template = "club.html"


app = small_app(pages, TEMPLATES)
app.include(club)
app.site.login = "/login?next={path}"


@app.error_page
class Oops(Page):
    template = "oops.html"
    status: int = 0
    message: str = ""


def test_d7_an_error_is_a_page_of_the_application(anybody: Visitor) -> None:
    page = anybody.open("/")
    page.get_by_role("button", name="Miss").click()
    expect(page.locator("h1")).to_have_text("Oops 404")
    expect(page.locator("p")).to_have_text("No such drawer")
    expect(page).to_have_title("Oops")
    anybody.go(page, "/")
    expect(page.locator("h1")).to_have_text("Desk 0")


def test_d7_the_unauthorised_log_in_and_go_on(anybody: Visitor) -> None:
    page = anybody.open("/")
    page.get_by_role("button", name="Enter").click()
    expect(page.locator("h1")).to_have_text("Log in")
    assert page.url.endswith("/login?next=%2Fclub")
    page.get_by_role("button", name="I am Ada").click()
    expect(page.locator("h1")).to_have_text("Welcome")
    page.wait_for_function("() => cookieStore.get('seen')")
    page.reload()
    expect(page.locator("h1")).to_have_text("Welcome")


def test_d6_a_file_is_downloaded_and_the_page_stays(anybody: Visitor) -> None:
    page = anybody.open("/")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("h1")).to_have_text("Desk 1")
    for _ in range(2 if anybody.script else 1):
        with page.expect_download() as download:
            page.get_by_role("button", name="Export").click()
        assert download.value.suggested_filename == "desk.csv"
        assert download.value.path().read_text() == "count\n1\n"
    page.get_by_role("button", name="Add").click()
    expect(page.locator("h1")).to_have_text("Desk 2")
