"""What each example teaches, and where its source is, for the index page and for the documentation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class Example:
    """An example: its module or package, and templates."""

    name: str
    """Of its picture, and of its module or package."""
    title: str
    teaches: str
    path: str
    """Where the examples' application serves it."""
    sources: tuple[str, ...] = ()
    """Files and folders below `examples`, besides the module or package of its name."""

    @property
    def is_application(self) -> bool:
        """Whether it is a whole application, with a README of its own."""
        return (HERE / self.name / "README.md").exists()

    @property
    def roots(self) -> tuple[str, ...]:
        """Return its files and folders below `examples`."""
        return (self.name if (HERE / self.name).is_dir() else f"{self.name}.py", *self.sources)

    @property
    def files(self) -> list[Path]:
        """Return its Python files and templates."""
        return [file for root in self.roots for file in _files(HERE / root)]

    @property
    def python_lines(self) -> int:
        """Return how many lines of Python it has, without blank ones and comments."""
        return sum(map(code_lines, (file for file in self.files if file.suffix == ".py")))

    @property
    def template_lines(self) -> int:
        """Return how many lines its templates have, without blank ones."""
        return sum(map(code_lines, (file for file in self.files if file.suffix == ".html")))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(file for kind in ("py", "html") for file in path.rglob(f"*.{kind}"))


def code_lines(path: Path) -> int:
    """Return how many lines of a file are neither blank nor comments."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return sum(1 for line in lines if line and not line.startswith("#"))


EXAMPLES: Final = (
    Example(
        "counter",
        "Counter",
        "State, actions and bound arguments, called by forms and by events.",
        "/counter",
        ("templates/counter.html",),
    ),
    Example(
        "todos",
        "Todos",
        "TodoMVC, all of it: keyboard, filters in the address, editing, optimistic markup.",
        "/todos",
        ("templates/todos.html",),
    ),
    Example(
        "signup",
        "Sign up",
        "A form that is validated while the visitor types, by the annotations of its action.",
        "/signup",
        ("templates/signup.html",),
    ),
    Example(
        "rooms",
        "Rooms",
        "A search while typing: controls bound to fields, without an action for each.",
        "/rooms",
        ("templates/rooms.html",),
    ),
    Example(
        "people",
        "People",
        "One table component with sorting and paging, twice on a page.",
        "/people",
        ("templates/people.html", "templates/people_table.html"),
    ),
    Example(
        "garden",
        "Garden",
        "Cards and fields as tags: components in templates.",
        "/garden",
        ("templates/garden.html", "templates/components"),
    ),
    Example(
        "ui",
        "Kit of components",
        "Forms, dialogs, menus, tables and charts that a project can copy; /members is a page of them.",
        "/ui",
        ("templates/ui",),
    ),
    Example(
        "clock",
        "Clock",
        "Changes that the server pushes to every open tab.",
        "/clock",
        ("templates/clock.html",),
    ),
    Example(
        "posts",
        "Posts",
        "Server Actions as Next.js has them: a blog, a contact form, a cart, each beside its source.",
        "/posts",
        ("templates/posts",),
    ),
    Example(
        "reading",
        "Reading list",
        "Client commands: notes open and links are copied without a round trip.",
        "/reading",
        ("templates/reading.html",),
    ),
    Example(
        "trip",
        "Trip",
        "Lists that are put in order by dragging and by keyboard, without a script.",
        "/trip",
        ("templates/trip.html",),
    ),
    Example(
        "album",
        "Album",
        "Uploads as entries: previews, progress, errors; in chunks, or straight to object storage.",
        "/album",
        ("templates/album.html", "gallery.py", "templates/gallery.html"),
    ),
    Example(
        "basket",
        "Bakery",
        "State that outlives the page: a basket in all tabs, a note that survives a reload.",
        "/bakery",
        ("templates/bakery.html", "templates/order.html"),
    ),
    Example(
        "feed",
        "Feed",
        "A list that loads more at both ends while the visitor scrolls.",
        "/feed",
        ("templates/feed.html",),
    ),
    Example(
        "log",
        "Log",
        "A stream: a list of 100,000 entries, of which the server keeps none in memory.",
        "/log",
        ("templates/log.html",),
    ),
    Example(
        "catalogue",
        "Catalogue",
        "A table of 100,000 rows, of which the page has those in view.",
        "/catalogue",
        ("templates/catalogue.html",),
    ),
    Example(
        "preview",
        "Preview",
        "A page without a template: Markdown while it is typed. Only what has changed is sent.",
        "/preview",
    ),
    Example(
        "assistant",
        "Assistant",
        "A chat with a language model: Markdown as it comes, tool calls, stop and retry.",
        "/assistant",
        ("templates/assistant.html",),
    ),
    Example(
        "table",
        "Table",
        "js-framework-benchmark's page: a thousand rows, and only what has changed travels.",
        "/table",
        ("templates/table.html",),
    ),
    Example(
        "board",
        "Board",
        "An application: a team's board inside FastAPI. Drag and drop, a chat, presence, permissions.",
        "/board/",
    ),
    Example(
        "conduit",
        "Conduit",
        "An application: a blogging platform of ten pages. Database, accounts, uploads, live everywhere.",
        "/conduit/",
    ),
    Example(
        "dashboard",
        "Dashboard",
        "An application: fifty thousand orders. Filters in the address, a chart, a CSV import with progress.",
        "/dashboard/",
    ),
)
