"""An application of ours inside another one, and what it puts around its pages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import RedirectResponse
from fastapi.templating import Jinja2Templates
from jinja2 import DictLoader, Environment, select_autoescape
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, defer, mapped_column, sessionmaker
from sqlalchemy.pool import StaticPool
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.routing import Mount

from liveactions import ActionError, Live, Page, Pages, action, loaded, redirect, refresh, unauthorized
from liveactions.store import MemoryStore
from tests.actions.ways import Way, visiting, ways
from tests.asgi import browser
from tests.small import small_app


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
sessions = sessionmaker(engine, expire_on_commit=False)
events: list[str] = []


def database() -> Iterator[Session]:
    with sessions.begin() as session:
        events.append("open")
        yield session
        events.append("commit")


DB = Annotated[Session, Depends(database)]


def current_user(request: Request) -> str:
    name = request.session.get("user")
    if not name:
        raise HTTPException(401)
    return str(name)


User = Annotated[str, Depends(current_user)]
notes = Pages(prefix="/notes", guard=current_user)


@notes.page("/")
class Notes(Page):
    template = "notes.html"
    rows: list[str] = []
    user: str = ""

    async def load(self, db: DB, user: User) -> None:
        self.rows = list(db.scalars(select(Note.text).order_by(Note.id)))
        self.user = user

    @action
    async def add(self, db: DB, text: str) -> None:
        if text == "bad":
            db.add(Note(text="never seen"))
            raise ActionError("No", field="text")
        db.add(Note(text=text))
        refresh()

    @action
    async def add_and_leave(self, db: DB) -> Any:
        db.add(Note(text="left"))
        return redirect("/notes/")


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    (tmp_path / "notes.html").write_text(
        "<!doctype html><html><head><title>Notes</title></head><body><h1>{{ user }} {{ shop }}</h1>"
        "<ul>{% for row in rows %}<li>{{ row }}</li>{% endfor %}</ul>"
        '<form action="{{ add }}"><input name="text" aria-label="Text">{{ add.errors.text }}'
        "<button>Add</button>"
        '</form><form action="{{ add_and_leave }}"><button>Leave</button></form>'
        "<a href=\"{{ url_for('health') }}\">health</a></body></html>"
    )
    (tmp_path / "objects.html").write_text(
        "<title>Notes</title><ul>{% for row in rows %}<li>{{ row.text }}</li>{% endfor %}</ul>"
        '<form action="{{ add }}"><input name="text" aria-label="Text">{{ add.errors.text }}'
        "<button>Add</button></form>"
    )
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        events.append("started")
        yield {"pool": "open"}
        events.append("stopped")

    app = FastAPI(lifespan=lifespan)
    app.add_middleware(SessionMiddleware, secret_key="s" * 32)
    templates = Jinja2Templates(tmp_path, context_processors=[lambda request: {"shop": "the shop"}])
    live = Live(templates, keys="k" * 32, store=MemoryStore(), name="embedded", login="/login/ada")

    @app.get("/health")
    async def health(request: Request) -> dict[str, str]:
        return {"pool": request.state.pool}

    @app.get("/login/{name}")
    async def login(request: Request, name: str, next: str = "/notes/") -> Any:
        request.session["user"] = name
        return RedirectResponse(next, 303)

    live.install(app)
    live.include(notes)
    return app


@ways("SHN")
async def test_fastapi_with_templates_dependencies_and_a_database(way: Way, app: FastAPI) -> None:
    events.clear()
    async with visiting(app, way) as visitor:
        page = await visitor.open("/notes/")  # leads to the login, and back
        assert page.text("h1") == "ada the shop"
        await page.fill("Text", "milk")
        await page.click("Add")
        assert page.texts("li") == ["milk"]
        await page.fill("Text", "bad")
        await page.click("Add")
        assert page.texts("li") == ["milk"] and "No" in page.text()
        await page.click("Leave")
        assert page.texts("li") == ["milk", "left"] and page.url == "/notes/"
        assert (await visitor.open("/health")).text() == '{"pool":"open"}'
        assert events[0] == "started"
    assert events[-1] == "stopped"


@notes.page("/objects")
class Objects(Page):
    """Shows the database's own objects, whose texts are loaded when they are shown."""

    template = "objects.html"
    rows: list[Note] = loaded()

    async def load(self, db: DB) -> None:
        self.rows = list(db.scalars(select(Note).options(defer(Note.text)).order_by(Note.id)))

    @action
    async def add(self, db: DB, text: str) -> None:
        if text == "bad":
            raise ActionError("No", field="text")
        db.add(Note(text=text))
        refresh()


@ways("SHN")
async def test_what_a_database_has_loaded_is_shown_while_its_session_is_open(way: Way, app: FastAPI) -> None:
    with sessions.begin() as session:
        session.add(Note(text="old"))
    async with visiting(app, way) as visitor:
        await visitor.open("/login/ada")
        page = await visitor.open("/notes/objects")
        for text in ("milk", "bad", "eggs"):
            await page.fill("Text", text)
            await page.click("Add")
        assert page.texts("li") == ["old", "milk", "eggs"]
        await page.reload()
        assert page.texts("li") == ["old", "milk", "eggs"]


async def test_fastapi_keeps_its_own_routes_errors_and_documentation(app: FastAPI) -> None:
    async with browser(app) as visitor:
        assert (await visitor.http.get("/openapi.json")).json()["paths"].keys() == {
            "/health",
            "/login/{name}",
        }
        missing = await visitor.http.get("/nowhere")
        assert missing.status_code == 404 and missing.json() == {"detail": "Not Found"}
        await visitor.http.get("/login/ada")
        refused = await visitor.http.post("/notes/?_a=add", data={}, headers={"Origin": "http://evil.test"})
        assert refused.status_code == 403 and refused.text.startswith("<!doctype html>")


locale: ContextVar[str] = ContextVar("locale", default="none")


@asynccontextmanager
async def localised(request: Request) -> AsyncIterator[None]:
    events.append("enter")
    token = locale.set(request.headers.get("accept-language", request.cookies.get("locale", "en")))
    try:
        yield
    finally:
        locale.reset(token)
        events.append("exit")


def around_app() -> Live:
    pages = Pages()

    @pages.page("/")
    class Home(Page):
        template = "home.html"
        seen: list[str] = []

        @property
        def now(self) -> str:
            return locale.get()

        async def mount(self) -> None:
            self.seen.append(f"mount {locale.get()}")

        async def load(self) -> None:
            self.loaded = f"load {locale.get()}"

        loaded: str = ""

        @action
        async def act(self) -> None:
            self.seen.append(f"act {locale.get()}")

        @action
        async def fail(self) -> None:
            raise RuntimeError("secret")

    template = (
        "<!doctype html><html><head></head><body><p>{{ now }} {{ loaded }} {{ seen|join(' ') }}</p>"
        '<form action="{{ act }}"><button>Act</button></form><form action="{{ fail }}"><button>Fail</button>'
        "</form></body></html>"
    )
    live = Live(
        Environment(loader=DictLoader({"home.html": template}), autoescape=True),
        keys="k" * 32,
        store=MemoryStore(),
        around=[localised],
    )
    live.include(pages)
    return live


@ways("SHN")
async def test_around_is_entered_for_actions_loads_and_renders(way: Way) -> None:
    events.clear()
    async with visiting(around_app(), way) as visitor:
        page = await visitor.open("/")
        assert page.text("p") == "en load en mount en"
        await page.click("Act")
        assert page.text("p") == "en load en mount en act en"
        with pytest.raises(Exception, match="went wrong"):
            await page.click("Fail")
    assert events.count("enter") == events.count("exit") > 2
    assert locale.get() == "none"


HEADS = {
    "said.html": "<!doctype html><head>{{ live.head }}<title>x</title></head><body>{{ n }}</body>",
    "unsaid.html": "<!doctype html><html><head><title>x</title></head><body>{{ n }}</body></html>",
}


@pytest.mark.parametrize("template", HEADS)
async def test_the_script_stands_where_the_template_says(template: str) -> None:
    live = Live(Environment(loader=DictLoader(HEADS), autoescape=True), keys="k" * 32, store=MemoryStore())

    class Home(Page):
        n: int = 0

    live.page("/")(type("Home", (Home,), {"template": template}))
    async with browser(live) as visitor:
        tab = await visitor.open("/")
        assert tab.html.count("<script") == 1
        place = re.search(
            r"<head>(.*?)<script[^>]*></script>(.*?)</head>", re.sub("<!--.*?-->", "", tab.html)
        )
        assert place and place.groups() == ("", "<title>x</title>")[:: 1 if template == "said.html" else -1]
        assert (await tab.join()).keys() == {"token", "rev", "ack"}


async def test_login_over_a_socket_leads_on_by_the_same_socket() -> None:
    def guard(request: Request) -> object:
        return None if request.cookies.get("user") else unauthorized()

    pages, inside = Pages(), Pages(guard=guard)

    @pages.page("/login")
    class Login(Page):
        template = "login.html"

    @inside.page("/inside")
    class Inside(Page):
        template = "login.html"

    @pages.page("/")
    class Home(Page):
        template = "home.html"

        @action
        async def go(self) -> Any:
            return redirect("/inside")

    live = Live(
        Environment(
            loader=DictLoader(
                {
                    "login.html": "<h1>Log in</h1>",
                    "home.html": '<form action="{{ go }}"><button>Go</button></form>',
                }
            )
        ),
        keys="k" * 32,
        store=MemoryStore(),
        login="/login?next={path}",
    )
    live.include(pages)
    live.include(inside)
    async with visiting(live, "S") as visitor:
        page = await visitor.open("/")
        await page.click("Go")
        assert page.url == "/login?next=%2Finside" and page.text("h1") == "Log in"


@ways("SHN")
async def test_mounted_behind_the_middleware_of_another_application(way: Way) -> None:
    pages = Pages()

    @pages.page("/")
    class Home(Page):
        template = "mounted.html"
        user: str = ""

        async def load(self) -> None:
            self.user = f"{self.request.session.get('user')} {self.request.cookies.get('theme')}"

        @action
        async def enter(self, name: str) -> Any:
            self.request.session["user"] = name
            self.live.set_cookie("theme", "dark")
            return redirect("/")

    template = (
        '<p>{{ user }}</p><form action="{{ enter }}"><input name="name" aria-label="Name">'
        "<button>Enter</button></form>"
    )
    live = Live(
        Environment(loader=DictLoader({"mounted.html": template}), autoescape=True),
        keys="k" * 32,
        store=MemoryStore(),
    )
    live.include(pages)
    app = Starlette(
        routes=[Mount("/below", live)], middleware=[Middleware(SessionMiddleware, secret_key="s" * 32)]
    )
    async with visiting(app, way) as visitor:
        page = await visitor.open("/below/")
        assert page.text("p") == "None None"
        await page.fill("Name", "ada")
        await page.click("Enter")
        assert (page.text("p"), page.url) == ("ada dark", "/below/")
        again = await visitor.open("/below/")
        assert again.text("p") == "ada dark"


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(("escape", "warned"), [(False, True), (True, False), (select_autoescape(), False)])
def test_templates_that_escape_nothing_are_pointed_out(
    escape: Any, warned: bool, wrapped: bool, caplog: pytest.LogCaptureFixture
) -> None:
    environment = Environment(autoescape=escape)
    Live(Jinja2Templates(env=environment) if wrapped else environment, keys="k" * 32, store=MemoryStore())
    assert ("autoescape=True" in caplog.text) == warned


@ways("SHN")
async def test_rows_of_a_database_session_that_expire_with_it(way: Way) -> None:
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    pages = Pages()

    @pages.page("/")
    class Rows(Page):
        template = "rows.html"
        notes: list[Note] = loaded()

        async def load(self, db: DB) -> None:
            self.notes = list(db.scalars(select(Note).order_by(Note.id.desc())))

        @action
        async def add(self, text: str, db: DB) -> None:
            db.add(Note(text=text))
            refresh()

    template = """<!doctype html><title>Rows</title>
<ul>{% for note in notes %}<li>{{ note.text }}</li>{% endfor %}</ul>
<form action="{{ add }}"><input name="text" aria-label="Text"><button>Add</button></form>"""
    async with visiting(small_app(pages, {"rows.html": template}), way) as visitor:
        page = await visitor.open("/")
        for text in ("one", "two", "three"):
            await page.fill("Text", text)
            await page.click("Add")
        assert page.texts("li") == ["three", "two", "one"]
