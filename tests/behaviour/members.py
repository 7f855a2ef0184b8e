"""An application with a session cookie, in which one can log in: for tests of what actions set."""

from __future__ import annotations

from typing import Any

from jinja2 import DictLoader, Environment
from starlette.authentication import AuthCredentials, AuthenticationBackend, SimpleUser
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from liveactions import Live, Page, Pages, action, redirect, unauthorized
from liveactions.store import MemoryStore, Store

TEMPLATES = {
    "home.html": """<!doctype html><title>Home</title><body>
<output>{{ seen }}</output>
<form method="post" action="{{ log_in }}"><input name="name" aria-label="Name">
<button>Log in</button></form>
<form method="post" action="{{ choose }}"><input name="theme" aria-label="Theme">
<button>Choose</button></form>
<form method="post" action="{{ enter }}"><button>Enter</button></form>
<form method="post" action="{{ look }}"><button>Look</button></form>
<form method="post" action="{{ log_out }}"><button>Log out</button></form>
<form method="post" action="{{ nest }}"><button>Nest</button></form>
<a href="/welcome" live-nav>Welcome</a>
</body>""",
    "leaving.html": """<form action="{{ leave }}"></form>{% if wait %}<a href="{{ wait }}"></a>{% endif %}
<p>{{ done }}</p>""",
    "welcome.html": """<!doctype html><title>Welcome</title><body><h1>Welcome</h1></body>""",
    "club.html": "<!doctype html><title>Club</title><body><h1>Club of {{ name }}</h1>{{ theme }}</body>",
}


class Backend(AuthenticationBackend):
    async def authenticate(self, conn: HTTPConnection) -> Any:
        name = conn.session.get("name")
        return (AuthCredentials(["in"]), SimpleUser(name)) if name else None


async def tenant(request: Request, proceed: Any) -> Response:
    """Middleware that sees no sockets."""
    request.state.tenant = request.headers.get("x-tenant", "none")
    response: Response = await proceed(request)
    return response


def members(store: Store | None = None, **options: Any) -> Live:
    pages = Pages()

    @pages.page("/")
    class Home(Page):
        template = "home.html"
        seen: str = ""

        @action
        async def log_in(self, name: str) -> None:
            self.request.session["name"] = name
            self.live.set_cookie("greeting", f"hello-{name}", max_age=60)
            self.seen = f"{self.request.session['name']} {self.request.cookies['greeting']}"

        @action
        async def choose(self, theme: str) -> None:
            self.live.set_cookie("theme", theme, path="/", httponly=False, samesite="strict")

        @action
        async def enter(self) -> object:
            self.request.session["name"] = "ada"
            self.live.set_cookie("theme", "dark")
            return redirect("/club")

        @action
        async def look(self) -> None:
            request = self.request
            user = request.user.display_name or "nobody"
            theme, agent = request.cookies.get("theme", "none"), request.headers.get("user-agent", "none")
            self.seen = f"{user} {theme} {request.state.tenant} {agent} {request.client is not None}"

        @action
        async def log_out(self) -> None:
            self.request.session.clear()
            self.live.delete_cookie("theme")

        @action
        async def nest(self) -> None:
            self.request.session.setdefault("cart", []).append(1)
            self.seen = str(self.request.session["cart"])

    @pages.page("/welcome")
    class Welcome(Page):
        template = "welcome.html"

        async def connected(self) -> None:
            self.request.session["name"] = "ada"
            self.live.set_cookie("greeting", "hello-ada")

    async def member(request: Request) -> object:
        return None if request.user.is_authenticated else unauthorized()

    club = Pages(guard=member)

    @club.page("/club")
    class Club(Page):
        template = "club.html"
        name: str = ""
        theme: str = ""

        async def load(self) -> None:
            self.name = self.request.user.display_name
            self.theme = self.request.cookies.get("theme", "none")

    live = Live(
        Environment(loader=DictLoader(TEMPLATES), autoescape=True),
        keys="k" * 32,
        store=store or MemoryStore(),
        name="members",
        middleware=[
            Middleware(SessionMiddleware, secret_key="s" * 32),
            Middleware(AuthenticationMiddleware, backend=Backend()),
            Middleware(BaseHTTPMiddleware, dispatch=tenant),
        ],
        **options,
    )
    live.include(pages)
    live.include(club)
    return live
