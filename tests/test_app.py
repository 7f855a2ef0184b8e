"""An application of ours inside another one, and what it puts around its pages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import (
    APIRouter,
    Cookie,
    Depends,
    FastAPI,
    Header,
    HTTPException,
    Query,
    Response,
    Security,
    UploadFile,
    WebSocket,
)
from fastapi import Form as FormField
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.security import SecurityScopes
from fastapi.templating import Jinja2Templates
from jinja2 import DictLoader, Environment, select_autoescape
from pydantic import BaseModel
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, defer, mapped_column, sessionmaker
from sqlalchemy.pool import StaticPool
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.routing import Mount

from liveactions import (
    ActionError,
    InUrl,
    Live,
    Page,
    Pages,
    action,
    every,
    loaded,
    redirect,
    refresh,
    unauthorized,
)
from liveactions.store import MemoryStore
from liveactions.testing import Failed, File
from liveactions.testing.asgi import Closed
from tests.behaviour.ways import Way, visiting, ways
from tests.support.asgi import browser
from tests.support.logs import logged
from tests.support.small import small_app


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
        loaded: str = ""

        @property
        def now(self) -> str:
            return locale.get()

        async def mount(self) -> None:
            self.seen.append(f"mount {locale.get()}")

        async def load(self) -> None:
            self.loaded = f"load {locale.get()}"

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


@pytest.mark.parametrize(
    ("options", "error", "hint"),
    [
        ({"login": "login"}, ValueError, "login='login': expected a path"),
        ({"login": "/login?next={url}"}, ValueError, "the only placeholder is {path}"),
        ({"identify": "ada"}, TypeError, "identify: expected a function, not 'ada'"),
        ({"context": len}, TypeError, "context=.*: expected a list"),
        ({"context": [{"a": 1}]}, TypeError, "context: expected a function"),
        ({"around": ["a"]}, TypeError, "around: expected a function"),
        ({"limits": {"body": 1}}, TypeError, r"expected Limits\("),
        ({"limits": False}, TypeError, r"limits=False: expected Limits\("),
        ({"login": True}, TypeError, "login=True: expected a text"),
        ({"debug": "0"}, TypeError, "debug='0': expected True or False"),
        ({"context": 5}, TypeError, "context=5: expected a list"),
        ({"templates": 5}, TypeError, "templates=5: expected a folder"),
        ({"keys": 5}, TypeError, "keys: expected a text, or several"),
        ({"keys": [5]}, TypeError, "keys: a key is a text, not a int"),
        ({"store": True}, TypeError, "store=True: expected a store"),
        ({"broker": 0}, TypeError, "broker=0: expected a broker"),
        ({"uploads": False}, TypeError, "uploads=False: expected a storage"),
        ({"messages": ["a"]}, TypeError, "messages=.*: expected texts"),
        ({"allowed_origins": True}, TypeError, "allowed_origins=True: expected a list"),
        ({"allowed_origins": [5]}, TypeError, "allowed_origins=5: expected a text"),
        ({"observer": 5}, TypeError, "observer=5: it has no method"),
        ({"name": True}, TypeError, "name=True: expected a text"),
    ],
)
def test_options_are_checked(options: dict[str, Any], error: type[Exception], hint: str) -> None:
    given = {
        "templates": Environment(autoescape=True),
        "keys": "k" * 32,
        "store": MemoryStore(),
        **options,
    }
    with pytest.raises(error, match=hint):
        Live(**given)


def test_messages_that_look_misspelled_are_pointed_out(caplog: pytest.LogCaptureFixture) -> None:
    messages = {"mising": "?", "string_type": "?", "int_from_float": "?", "too_young": "?"}
    Live(Environment(autoescape=True), keys="k" * 32, store=MemoryStore(), messages=messages)
    assert [record.getMessage() for record in logged(caplog, "liveactions.actions")] == [
        "messages: there is no message 'mising'; did you mean 'missing'?"
    ]


@pytest.mark.parametrize("path", ["a", "/{a", "/a}", "/{}", "/{a b}", "/{a:}"])
def test_what_is_no_path_is_an_error(path: str) -> None:
    live = Live(Environment(autoescape=True), keys="k" * 32, store=MemoryStore())
    with pytest.raises(ValueError, match="a path"):
        live.page(path)(type("Wrong", (Page,), {"__module__": __name__}))


def test_pages_for_errors_have_statuses_of_errors() -> None:
    live = Live(Environment(autoescape=True), keys="k" * 32, store=MemoryStore())
    with pytest.raises(ValueError, match=r"error_page\(200\)"):
        live.error_page(404, 200)


@ways("SHN")
async def test_an_application_may_be_started_again(way: Way, app: FastAPI) -> None:
    for _ in range(3):
        async with visiting(app, way) as visitor:
            page = await visitor.open("/login/ada")
            await page.fill("Text", "again")
            await page.click("Add")
            assert page.texts("li")[-1] == "again"


journal: list[str] = []
refused: set[str] = set()


def may(name: str) -> Callable[[Request], None]:
    def dependency(request: Request) -> None:
        journal.append(name)
        if name in refused:
            raise HTTPException(403, f"Not for you: {name}")

    return dependency


@pytest.fixture
def hosted() -> FastAPI:
    """Pages in an application of FastAPI with a dependency, and in routers of ours with another one."""
    journal.clear()
    refused.clear()
    app = FastAPI(dependencies=[Depends(may("application"))])
    live = Live(
        Environment(loader=DictLoader({"hosted.html": HOSTED}), autoescape=True),
        keys="k" * 32,
        store=MemoryStore(),
        guard=may("live"),
    )
    live.install(app)
    pages = Pages(guard=[Depends(may("router"))])

    @pages.page("/", guard=Depends(may("page")))
    class Hosted(Page):
        template = "hosted.html"
        q: InUrl[str] = ""

        async def load(self) -> None:
            journal.append("load")

        @every(1)
        async def tick(self) -> None:
            journal.append("tick")

        @action(guard=Depends(may("action")))
        async def act(self) -> None:
            journal.append("act")

        @action
        async def keep(self, file: UploadFile) -> None:
            journal.append("kept")

    live.include(pages)
    app.state.live = live
    return app


HOSTED = """<!doctype html><title>Hosted</title><p>{{ live.error }}</p><a href="?q=2" live-nav>More</a>
<form action="{{ act }}"><button>Act</button></form>
<form action="{{ keep }}"><input type="file" name="file" aria-label="File"><button>Keep</button></form>"""
GUARDS = ["application", "live", "router", "page"]


@ways("SHN")
async def test_dependencies_of_an_application_and_of_routers_are_guards(way: Way, hosted: FastAPI) -> None:
    async with visiting(hosted, way) as visitor:
        page = await visitor.open("/")
        assert journal[:5] == [*GUARDS, "load"]
        journal.clear()
        await page.click("Act")
        before = journal[: journal.index("act")]
        assert before[-5:] == [*GUARDS, "action"] or before == [*GUARDS, "load", "action"]


@ways("SHN")
@pytest.mark.parametrize("name", GUARDS)
async def test_whom_a_dependency_refuses_opens_nothing(way: Way, name: str, hosted: FastAPI) -> None:
    refused.add(name)
    async with visiting(hosted, way) as visitor:
        page = await visitor.open("/")
        assert page.status == 403 and "load" not in journal


@ways("SHN")
@pytest.mark.parametrize("click", ["Act", "More", "Keep"])
async def test_whom_a_dependency_refuses_does_nothing_more(way: Way, click: str, hosted: FastAPI) -> None:
    async with visiting(hosted, way) as visitor:
        page = await visitor.open("/")
        if click == "Keep":
            await page.attach("File", File("a.txt", b"text"))
        refused.add("application")
        journal.clear()
        try:
            await page.click(click)
        except Failed as failed:
            assert failed.status == 403
        else:
            assert page.status == 403
        assert journal and set(journal) == {"application"}


async def test_no_timer_runs_for_whom_a_dependency_refuses(hosted: FastAPI) -> None:
    async with visiting(hosted, "S") as visitor:
        await visitor.open("/")
        refused.add("application")
        journal.clear()
        await visitor.clock.advance(1)
        assert journal and set(journal) == {"application"}


@pytest.mark.parametrize("header", ["Accept", "Live-Action", "Live-Upload"])
async def test_whom_a_dependency_refuses_posts_nothing(header: str, hosted: FastAPI) -> None:
    async with browser(hosted) as visitor:
        tab = await visitor.open("/")
        refused.add("application")
        journal.clear()
        answer = await visitor.http.post(
            "/?_a=keep",
            data={"_s": tab.snapshot},
            files={"file": ("a.txt", b"text")},
            headers={header: "keep"},
        )
        assert answer.status_code == 403 and journal == ["application"]


async def test_whom_a_dependency_refuses_joins_nothing(hosted: FastAPI) -> None:
    async with browser(hosted) as visitor:
        tab = await visitor.open("/")
        refused.add("application")
        journal.clear()
        with pytest.raises(Closed):
            await tab.join()
        answer = await visitor.http.post("/", json={"hello": tab.hello, "ops": []}, headers={"Live-Ops": "1"})
        assert answer.status_code == 409 and set(journal) == {"application"}


class Doorman:
    """A callable object, as FastAPI's own for security."""

    async def __call__(self, request: Request) -> str:
        return request.headers.get("authorization", "nobody")


class Common:
    """A class, which FastAPI calls, too."""

    def __init__(
        self,
        user: Annotated[str, Depends(Doorman())],
        agent: Annotated[str, Header(alias="User-Agent")],
        x_color: Annotated[str | None, Header()] = None,
        theme: str = Cookie("dark"),
        n: Annotated[int, Query(ge=1)] = 1,
    ) -> None:
        journal.append(f"{user} {agent} {x_color} {theme} {n}")


async def opened(common: Annotated[Common, Depends()]) -> AsyncIterator[None]:
    journal.append("open")
    yield
    journal.append("closed")


async def test_dependencies_of_an_application_are_filled_as_fastapi_fills_them() -> None:
    journal.clear()
    app = guarded([Security(opened)])

    @app.get("/plain")
    async def plain() -> None: ...

    headers = {"Authorization": "Bearer x", "User-Agent": "test", "X-Color": "red"}
    async with browser(app) as visitor:
        for path in ("/plain?n=2", "/?n=2"):
            journal.clear()
            answer = await visitor.http.get(path, headers={**headers, "Cookie": "theme=light"})
            assert answer.status_code == 200
            assert journal == ["Bearer x test red light 2", "open", "closed"]
            journal.clear()
            assert (await visitor.http.get(path, headers={"User-Agent": "test"})).status_code == 200
            assert journal[0] == "nobody test None dark 2"
        for path in ("/plain?n=0", "/?n=0"):
            assert (await visitor.http.get(path)).status_code == 422


def guarded(dependencies: Sequence[Any] = ()) -> FastAPI:
    """An application of FastAPI with a page."""
    app = FastAPI(dependencies=dependencies)
    pages = Pages()

    @pages.page("/")
    class Home(Page):
        template = "home.html"
        n: int = 0

        @action
        async def add(self) -> None:
            self.n += 1

    template = '<p>{{ n }}</p><form action="{{ add }}"><button>Add</button></form>'
    live = small_app(pages, {"home.html": template})
    live.install(app)
    return app


class Form(BaseModel):
    name: str


def takes_response(response: Response) -> None: ...
def takes_scopes(scopes: SecurityScopes) -> None: ...
def takes_socket(socket: WebSocket) -> None: ...
def takes_body(form: Form) -> None: ...
def takes_field(name: Annotated[str, FormField()]) -> None: ...
def takes_list(names: Annotated[list[str], Query()]) -> None: ...
def asks(inner: Annotated[None, Depends(takes_response)]) -> None: ...


@pytest.mark.parametrize(
    ("dependency", "named"),
    [
        (takes_response, "takes_response.*'response'"),
        (takes_scopes, "takes_scopes.*'scopes'"),
        (takes_socket, "takes_socket.*'socket'"),
        (takes_body, "takes_body.*'form'"),
        (takes_field, "takes_field.*'name'"),
        (takes_list, "takes_list.*'names'"),
        (asks, "takes_response.*'response'"),
    ],
)
def test_an_application_whose_dependencies_no_page_can_fill_is_refused(dependency: Any, named: str) -> None:
    with pytest.raises(TypeError, match=f"{named}.*Live\\(guard="):
        guarded([Depends(dependency)])


def test_an_installation_that_would_leave_a_page_unguarded_is_refused() -> None:
    live = small_app(Pages(), {})
    with pytest.raises(TypeError, match=r"takes an application.*Pages\(prefix=..., guard="):
        live.install(APIRouter())  # type: ignore[arg-type]
    live.install(FastAPI(dependencies=[Depends(may("one"))]))
    with pytest.raises(ValueError, match="a Live for each"):
        live.install(FastAPI())


async def test_overrides_of_an_application_apply_to_pages(hosted: FastAPI) -> None:
    [guard] = hosted.router.dependencies
    assert guard.dependency is not None
    hosted.dependency_overrides = {guard.dependency: lambda: journal.append("override")}
    async with visiting(hosted, "N") as visitor:
        await visitor.open("/")
        assert journal[:2] == ["override", "live"]


class LoggedOut(Exception):
    pass


class Strange(HTTPException):
    pass


class Teapot(Strange):
    pass


class Broken(Exception):
    pass


raising: dict[str, Exception] = {}


def fails(place: str) -> None:
    if place in raising:
        raise raising[place]


@pytest.fixture
def answering() -> FastAPI:
    """An application with handlers for exceptions, and a page that raises them where `raising` says."""
    raising.clear()
    app = FastAPI(dependencies=[Depends(lambda: fails("application"))])

    @app.exception_handler(LoggedOut)
    async def logged_out(request: Request, error: LoggedOut) -> Response:
        return JSONResponse({"answer": "logged out"}, 418)

    @app.exception_handler(Strange)
    async def strange(request: Request, error: Strange) -> Response:
        return JSONResponse({"answer": "strange"}, error.status_code)

    @app.exception_handler(Exception)
    async def anything(request: Request, error: Exception) -> Response:
        return JSONResponse({"answer": "anything"}, 500)

    def dependency() -> Iterator[None]:
        fails("dependency")
        yield
        fails("close")

    pages = Pages()

    @pages.page("/", guard=lambda: fails("page"))
    class Home(Page):
        template = "home.html"
        n: int = 0

        async def load(self, given: Annotated[None, Depends(dependency)]) -> None:
            fails("load")

        @action(js=True)
        async def add(self, file: UploadFile | None = None) -> None:
            self.n += 1
            fails("action")

    live = small_app(
        pages,
        {
            "home.html": '<p>{{ n }} {{ live.error.message }}</p><form action="{{ add }}">'
            '<input type="file" name="file" aria-label="File"><button>Add</button></form>'
        },
    )
    live.install(app)
    return app


PLACES = ["application", "page", "dependency", "load", "close"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("error", "status", "answer"),
    [(LoggedOut(), 418, "logged out"), (Strange(409), 409, "strange"), (Teapot(401), 401, "strange")],
)
async def test_the_application_answers_a_get_by_its_handlers(
    place: str,
    error: Exception,
    status: int,
    answer: str,
    answering: FastAPI,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with browser(answering) as visitor:
        raising[place] = error
        found = await visitor.http.get("/")
        assert (found.status_code, found.json()) == (status, {"answer": answer})
        assert not logged(caplog, "liveactions")


@pytest.mark.parametrize("place", [*PLACES, "action"])
@pytest.mark.parametrize("header", ["Accept", "Live-Action"])
async def test_the_application_answers_posts_by_its_handlers(
    place: str, header: str, answering: FastAPI
) -> None:
    async with browser(answering) as visitor:
        tab = await visitor.open("/")
        raising[place] = LoggedOut()
        found = await visitor.http.post("/?_a=add", data={"_s": tab.snapshot}, headers={header: "add"})
        assert (found.status_code, found.json()) == (418, {"answer": "logged out"})


@pytest.mark.parametrize("place", ["application", "page"])
async def test_the_application_answers_uploads_by_its_handlers(place: str, answering: FastAPI) -> None:
    async with browser(answering) as visitor:
        raising[place] = LoggedOut()
        found = await visitor.http.post(
            "/?_a=add", files={"file": ("a.txt", b"text")}, headers={"Live-Upload": "token"}
        )
        assert (found.status_code, found.json()) == (418, {"answer": "logged out"})


@pytest.mark.parametrize(("way", "place"), [("S", "page"), ("S", "load"), ("S", "action"), ("H", "action")])
async def test_an_open_page_shows_a_masked_error_whatever_handlers_there_are(
    way: Way, place: str, answering: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    async with visiting(answering, way) as visitor:
        page = await visitor.open("/")
        raising[place] = LoggedOut()
        with pytest.raises(Failed, match="went wrong"):
            await page.click("Add")
        assert "LoggedOut" in caplog.text
        raising.clear()
        await page.click("Add")
        assert page.text("p") == "1"


async def test_what_nobody_else_handles_is_for_the_handler_of_all(answering: FastAPI) -> None:
    raising["load"] = Broken()
    transport = httpx.ASGITransport(answering, raise_app_exceptions=False)
    async with browser(answering) as visitor:
        visitor.http = httpx.AsyncClient(transport=transport, base_url="http://testserver")
        found = await visitor.http.get("/")
        assert (found.status_code, found.json()) == (500, {"answer": "anything"})


def hiding(app: Any, *, is_early: bool) -> FastAPI:
    """An application with something at ``/`` before its pages, or after them."""
    pages = Pages()

    @pages.page("/room/{room:int}")
    class Room(Page):
        template = "room.html"
        room: int

    outer = FastAPI()
    live = small_app(pages, {"room.html": "<title>Room</title>"})
    if is_early:
        app(outer)
    live.install(outer)
    if not is_early:
        app(outer)
    return outer


def mounted(app: FastAPI) -> None:
    app.mount("/", Starlette(), name="static")


def caught(app: FastAPI) -> None:
    @app.get("/{path:path}")
    async def everything(path: str) -> None: ...


def included(app: FastAPI) -> None:
    router = APIRouter()

    @router.get("/room/{name}")
    async def room(name: str) -> None: ...

    app.include_router(router)


@pytest.mark.parametrize("is_early", [True, False])
@pytest.mark.parametrize(
    ("app", "said"),
    [
        (mounted, ["Mount 'static' at ''", "WebSocket of ", "GET of ", "POST of "]),
        (caught, ["APIRoute 'everything' at '/{path:path}'", "GET of "]),
        (included, ["'/room/{name}'", "GET of "]),
    ],
)
async def test_routes_that_hide_a_page_are_reported_at_the_start(
    app: Any, said: list[str], is_early: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with visiting(hiding(app, is_early=is_early), "N") as visitor:
        await visitor.open("/openapi.json")
    for text in (*said, "Room at '/room/{room:int}'", "after live.install(app)"):
        assert (text in caplog.text) == is_early


async def test_pages_and_routes_beside_each_other_are_not_reported(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    async with visiting(app, "N") as visitor:
        await visitor.open("/notes/")
    assert "requests that are for live pages" not in caplog.text


@ways("SHN")
async def test_a_server_may_leave_the_scheme_to_asgi(way: Way) -> None:
    """As daphne does."""
    app = guarded()

    async def server(scope: Any, receive: Any, send: Any) -> None:
        await app({name: value for name, value in scope.items() if name != "scheme"}, receive, send)

    async with visiting(server, way) as visitor:
        page = await visitor.open("/")
        await page.click("Add")
        assert page.text("p") == "1"


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
