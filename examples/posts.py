"""Server Actions as Next.js has them, here: every page shows its own source beside what it does."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints
from starlette.requests import Request

from examples.source import Sources
from liveactions import (
    ActionError,
    Bound,
    Page,
    Pages,
    Prev,
    Rendered,
    action,
    cached,
    loaded,
    not_found,
    redirect,
    refresh,
    render,
    revalidate_tag,
)

pages = Pages(prefix="/posts")
sources = Sources(Path(__file__))

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=200)]

database = sqlite3.connect(Path(__file__).with_suffix(".db"), isolation_level=None, check_same_thread=False)
database.executescript("""
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS post (id INTEGER PRIMARY KEY, title TEXT NOT NULL, content TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY, sender TEXT NOT NULL, text TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS subscriber (email TEXT PRIMARY KEY);
""")

PRODUCTS = {"p-1": "Teapot", "p-2": "Kettle", "p-3": "Strainer"}


@dataclass(frozen=True)
class Post:
    id: int
    title: str
    content: str


# region posts
@cached(tags=["posts"])
def newest_posts() -> tuple[Post, ...]:
    rows = database.execute("SELECT id, title, content FROM post ORDER BY id DESC LIMIT 20")
    return tuple(Post(*row) for row in rows)


@action
async def create_post(title: Text, content: Text = "") -> Post:
    if title.lower() == "untitled":
        raise ActionError("A post needs a title of its own", field="title")
    row = database.execute("INSERT INTO post (title, content) VALUES (?, ?) RETURNING id", [title, content])
    revalidate_tag("posts")  # every open page that shows posts is patched
    return Post(row.fetchone()[0], title, content)


@action
async def delete_post(id: Bound[int]) -> None:
    database.execute("DELETE FROM post WHERE id = ?", [id])
    revalidate_tag("posts")


@pages.page("")
class Blog(Page):
    template = "posts/blog.html"
    actions = [create_post, delete_post]
    posts: tuple[Post, ...] = loaded()

    async def load(self) -> None:
        self.posts = newest_posts()
        # endregion


# region contact
@action
async def submit_contact(name: Text, email: Email, message: Text) -> str:
    database.execute("INSERT INTO message (sender, text) VALUES (?, ?)", [f"{name} <{email}>", message])
    return name


@pages.page("/contact")
class Contact(Page):
    template = "posts/contact.html"
    actions = [submit_contact]
    # endregion


# region subscribe
@pages.page("/subscribe")
async def subscribe() -> Rendered:
    readers = [email for (email,) in database.execute("SELECT email FROM subscriber")]

    @action
    async def submit(email: Email) -> str:
        if email in readers:  # the variables of this run
            raise ActionError("You are subscribed already", field="email")
        database.execute("INSERT INTO subscriber (email) VALUES (?)", [email])
        return f"Welcome, {email}!"

    return render("posts/subscribe.html", submit=submit, count=len(readers))
    # endregion


# region cart
@action(js=True)
async def add_to_cart(product_id: str, request: Request) -> dict[str, int]:
    """Puts one more of a product into the visitor's cart."""
    if product_id not in PRODUCTS:
        raise ActionError("There is no such product", status=404)
    cart = dict(request.session.get("cart", {}))
    cart[product_id] = cart.get(product_id, 0) + 1
    request.session["cart"] = cart
    refresh()
    return cart


@pages.page("/cart")
class Cart(Page):
    template = "posts/cart.html"
    actions = [add_to_cart]
    cart: dict[str, int] = loaded()

    async def load(self, request: Request) -> None:
        self.cart = request.session.get("cart", {})
        # endregion


# region state
@dataclass
class Attempt:
    """What `create_draft` says, as `useActionState` would keep it."""

    success: bool
    tries: int
    error: str = ""


@action
async def create_draft(previous: Prev[Attempt], title: Text = "") -> Attempt:
    tries = previous.tries + 1 if previous else 1
    if len(title) < 5:
        return Attempt(False, tries, "Five letters or more, please")
    return Attempt(True, tries)


@pages.page("/state")
class State(Page):
    template = "posts/state.html"
    actions = [create_draft]
    # endregion


# region redirect
@action
async def publish(title: Text, content: Text = "") -> Any:
    post = await create_post(title, content)
    return redirect(f"/posts/{post.id}")


@pages.page("/new")
class New(Page):
    template = "posts/new.html"
    actions = [publish]


@pages.page("/{id:int}")
class OnePost(Page):
    template = "posts/post.html"
    id: int
    post: Post = loaded()

    async def load(self) -> None:
        found = [post for post in newest_posts() if post.id == self.id]
        if not found:
            raise not_found("There is no such post")
        self.post = found[0]
        # endregion


def snippets(request: Request) -> dict[str, Any]:
    """For all templates: what shows a page's own source."""
    return {"python": sources.python, "jinja": sources.jinja, "products": PRODUCTS}
