"""Pages with HTML that isn't well-formed, in Chromium: changed, they are what a fresh load of them is.

Each case is a page of a real session whose HTML changes once. Around it are buttons: whatever the HTML does
to them when the page is loaded, those that are left call their action after the change, too.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest
from markupsafe import Markup
from playwright.sync_api import Page as Tab

from liveactions import InUrl, Limits, Page, Pages, action
from tests.support.asgi import Browser
from tests.support.asgi import Tab as Session
from tests.support.patience import PATIENCE
from tests.support.small import small_app

T = TypeVar("T")
PLACES = {
    "div": "<div>{{ html|safe }}</div>",
    "among": "<div>{{ n }}{{ html|safe }}<i>{{ n }}</i></div>",
    "p": "<p>{{ html|safe }}</p>",
    "a": '<a href="/{{ n }}">{{ html|safe }}</a>',
    "b": "<b>{{ n }} <i>{{ html|safe }}</i></b>",
    "button": "<button>{{ html|safe }}</button>",
    "li": "<ul><li>{{ html|safe }}</li><li>{{ n }}</li></ul>",
    "h2": "<h2>{{ html|safe }}</h2>",
    "table": "<table>{{ html|safe }}</table>",
    "tr": "<table><tr><td>{{ n }}</td>{{ html|safe }}</tr></table>",
    "td": "<table><tr><td>{{ html|safe }}</td></tr></table>",
    "select": "<select>{{ html|safe }}</select>",
    "svg": "<svg>{{ html|safe }}</svg>",
    "form": '<form method="post" action="{{ step }}">{{ html|safe }}<button>x</button></form>',
    "if": "<div>{% if n %}<section>{{ html|safe }}</section>{% endif %}</div>",
    "for": "<ul>{% for one in [html, n] %}<li>{{ one|safe }}</li>{% endfor %}</ul>",
    "macro": "{% macro m(x) %}<em>{{ x|safe }}</em>{% endmacro %}<p>{{ m(html) }}</p>",
    "inner form": '<form method="post" action="{{ step }}">{% if n %}<form method="post" action="{{ step }}">'
    "<i>x</i></form>{% endif %}{{ n }}</form>",
    "inner a": '<a href="/">{% if n %}<span><a href="/{{ n }}">x</a></span>{% endif %}{{ n }}</a>',
    "inner p": "<p>{% if n %}<span><div>{{ n }}</div></span>{% endif %}{{ n }}</p>",
    "inner button": "<button>{{ n }}{% if n %}<i><button>{{ n }}</button></i>{% endif %}</button>",
    "inner li": "<ul><li>{{ n }}{% if n %}<span><li>{{ n }}</li></span>{% endif %}</li></ul>",
    "template": "<template>{{ html|safe }}</template>",
}
"""Where in a template the HTML is."""
BEFORE = '<button id="outside1" live-click="{{ step }}">1</button>'
AFTER = '<p class="{{ n }}"><button id="outside2" live-click="{{ step }}">2</button>{{ n }}</p>'
HEAD = "<!doctype html><html><head><title>{{ n }}</title>"
DOCUMENT = f"{HEAD}</head><body>{BEFORE}PLACE{AFTER}</body></html>"
TEMPLATES = {f"{place}.html": DOCUMENT.replace("PLACE", html) for place, html in PLACES.items()} | {
    "fragment.html": f"{BEFORE}{{{{ html|safe }}}}{AFTER}",
    "head.html": f"{HEAD}<template><b>{{{{ html|safe }}}}</b></template></head>"
    f"<body>{BEFORE}{AFTER}</body></html>",
}


@dataclass(frozen=True)
class Case:
    """The HTML that is in a place, before and after."""

    place: str
    before: str
    after: str


cases: list[Case] = []
pages = Pages()


class Shown(Page):
    number: int
    n: InUrl[int] = 0

    @property
    def html(self) -> Markup:
        case = cases[self.number]
        return Markup(case.after if self.n else case.before)

    @action
    async def step(self) -> None:
        self.n = 1


def path_of(place: str) -> str:
    return f"/{place.replace(' ', '-')}"


for number, template in enumerate(TEMPLATES):
    shown = type(f"Shown{number}", (Shown,), {"template": template, "__module__": __name__})
    pages.page(path_of(template.removesuffix(".html")) + "/{number}")(shown)


class Written(Shown):
    def body(self) -> str:
        button = f'<button id="outside1" live-click="{self.live.page.step}">{self.n}</button>'  # type: ignore[attr-defined]
        return f"{button}{self.html}"


@pages.page("/string/{number}")
class String(Written):
    def render(self) -> str:
        return self.body()


@pages.page("/document/{number}")
class Document(Written):
    def render(self) -> str:
        return f"<!doctype html><title>{self.n}</title><body class='c'>{self.body()}</body></html>"


SCRIPT = re.compile(r"<script type=\"module\".*?</script>", re.DOTALL)


STATE = re.compile(r"(?<=_s&#34; value=&#34;)[\w-]+|(?<=_s\" value=\")[\w-]+")
"""The page's state, where something has swallowed the form so that it is text: it differs each time."""


def without_script(html: str) -> str:
    """The page with its script, which this browser doesn't load."""
    return SCRIPT.sub("", html)


class Sessions:
    """Sessions of cases, in a loop of a thread: that of the test belongs to the browser."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._visitor = Browser(small_app(pages, TEMPLATES, limits=Limits(sessions_per_address=100_000)))

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def call_soon(self, function: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(function)

    async def change(self, number: int) -> tuple[Session, dict[str, Any]]:
        """Open a case and change it: its session, and what the browser needs to play it."""
        path = f"{path_of(cases[number].place)}/{number}"
        session = await self._visitor.open(path)
        first = without_script(session.html)
        await session.join()
        _, _, patch, _, shapes, _ = await session.call("step")
        if isinstance(patch, dict):
            patch = {"page": without_script(patch["page"])}
        fresh = without_script((await self._visitor.open(f"{path}?n=1")).html)
        return session, {"html": first, "fresh": fresh, "frames": [[1, 1, patch, [], shapes]]}

    async def call(self, session: Session, called: Any) -> list[Any]:
        """Call what a button calls; how that ended, unless it went well."""
        kind, target = (1, called.partition("_a=")[2]) if isinstance(called, str) else (0, called)
        return list((await session.op(kind, target, []))[3])


@pytest.fixture(scope="module")
def sessions() -> Iterator[Sessions]:
    started: Future[Sessions] = Future()
    ended = asyncio.Event()

    async def serve() -> None:
        started.set_result(Sessions(asyncio.get_running_loop()))
        await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    served = started.result(PATIENCE)
    yield served
    served.call_soon(ended.set)
    thread.join(PATIENCE)


def play(tab: Tab, sessions: Sessions, found: Sequence[Case]) -> list[str]:
    """What is wrong with each case after its change; an empty text if nothing is."""
    cases[:] = found
    opened = [sessions.do(sessions.change(number)) for number in range(len(cases))]
    results: list[dict[str, Any]] = tab.evaluate("cases => playLive(cases)", [one for _, one in opened])
    wrong = []
    for (session, _), result in zip(opened, results, strict=True):
        said = []
        shown, expected = (STATE.sub("", result[name]) for name in ("found", "expected"))
        if shown != expected:
            said.append(f"found {shown}\nexpected {expected}")
        for called in result["calls"]:
            if called is None:
                said.append("a button calls nothing")
            elif answer := sessions.do(sessions.call(session, called)):
                said.append(f"a button calls {called}: {answer}")
        wrong.append("\n".join(said))
    return wrong


BROKEN = {
    "an inner form": Case("inner form", "", ""),
    "a heading in a heading": Case("div", "<h1>x</h1>", "<h1><div><h3>a</h1>foo"),
    "a heading in a heading, first": Case("div", "<h1><div><h3>a</h1>foo", "<h1>x</h1>"),
    "SVG that ends early": Case("div", "<svg><foreignObject><p>a</svg>b", "<svg><foreignObject><p>c</svg>b"),
    "a block in a paragraph": Case("p", "<div>x</div>", "<div>y</div>"),
    "a link in a link": Case("a", "<a href=/>x</a>", "<a href=/>y</a>z"),
    "a button in a button": Case("button", "<button>x</button>", "<button>y</button>"),
    "an item in an item": Case("li", "<li>x</li>", "<li>y</li>z"),
    "text in a row": Case("tr", "x", "<td>y</td>"),
    "a block in a table": Case("table", "<div>x</div><tr><td>y", "<tr><td>y"),
    "a template in the head": Case("head", "<i>x</i>", "<i>y</i><p>z"),
    "a tag that isn't closed in a template": Case("template", "<p a='y<ul><td>", "<p>x</p>"),
    "formatting that goes on after a paragraph": Case("among", "<b><p></b>", "<b>x</b>"),
    "what moves out of a select": Case("select", "</tr><p></ul><applet>", "<article>"),
    "a comment in noscript": Case("div", "<noscript><!--</noscript>--></noscript>", "<noscript>x</noscript>"),
    "an item in an inline element": Case("inner li", "", ""),
    "a button that comes in a button": Case("inner button", "", ""),
    "a link that comes in a link": Case("inner a", "", ""),
    "a block that comes in a paragraph": Case("inner p", "", ""),
    "frames": Case("string", "<p>x</p>", "<frameset><frame></frameset>"),
    "plaintext": Case("string", "<p>x</p>", "<plaintext><p>y"),
    "text that isn't closed": Case("document", "<textarea>x", "<textarea>y"),
    "a body in a body": Case("document", "<body class=d>x", "<body lang=de><p>y"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken(vector_page: Tab, sessions: Sessions, name: str) -> None:
    assert play(vector_page, sessions, [BROKEN[name]]) == [""]


TAGS = (
    "p div span b i a a button h1 h2 li ul dd dl form form table tbody tr td th caption colgroup col select"
    " option optgroup svg math foreignObject desc mi annotation-xml template textarea title style script"
    " noscript iframe frameset frame plaintext body html head font nobr em input hr br img image pre listing"
    " center ruby rt rp rb object marquee applet article section main details summary label fieldset legend"
    " x-a keygen"
).split()
"""What is opened and closed in no order. What is in it twice comes more often."""
PIECES = (
    "text", "a &amp; b", " ", "\n", "x", "<!-- c -->", "<!-->", "<!-- a --!> b -->", "<!--->",
    "<![CDATA[x]]>", "<?x>", "</>", "</ p>", "<", "< b", "&lt;", "<p a='", '<i "b">', "</p a='>'>",
    "<br/>", "</br>", "<div/>", "<svg/>", "<input type=hidden>", "<!doctype html>", "<b/>", "<a href=x>",
    "<a href=y>", "<p class=a>",
    "<table><p>", "<tr><td>", "</td></tr>", "</table>", "<select><b>", "<b><p></b>", "<script><!--<script>",
    "<!-- open",
)  # fmt: skip
RARE = frozenset(
    "plaintext textarea title style script noscript iframe frameset template html head body".split()
)


def soup(random: Random) -> str:
    """Tags, texts and comments that have nothing to do with each other."""
    parts = []
    for _ in range(random.randint(1, 9)):
        tag = random.choice(TAGS)
        if tag in RARE and random.random() < 0.7:
            tag = "p"
        end = f"</{tag}>"
        kinds = (f"<{tag}>", f"<{tag}>", end, random.choice(PIECES), "y", f"<{tag}>z{end}")
        parts.append(random.choice(kinds))
    return "".join(parts)


def random_case(name: str) -> Case:
    random = Random(name)
    place = random.choice(["div", "div", "string", "document", *PLACES, "fragment", "head"])
    before = soup(random)
    after = random.choice((soup(random), before + soup(random), soup(random) + before, "<p>well-formed</p>"))
    return Case(place, before, after)


BATCH = 50


def test_inputs_of_the_public_parser_tests(vector_page: Tab, sessions: Sessions) -> None:
    inputs: list[str] = json.loads(Path(__file__).with_name("html5lib.json").read_text())["inputs"]
    for place in ("string", "div"):
        for first in range(0, len(inputs), BATCH):
            found = [Case(place, html, f"{html}<p>more</p>") for html in inputs[first : first + BATCH]]
            for case, wrong in zip(found, play(vector_page, sessions, found), strict=True):
                assert wrong == "", f"{case}\n{wrong}"


def test_random_soup(vector_page: Tab, sessions: Sessions, request: pytest.FixtureRequest) -> None:
    seed = os.environ.get("SEED") or (secrets.randbits(32) if request.config.getoption("--random") else 1)
    print(f"SEED={seed}")
    number = request.config.getoption("--cases")
    for first in range(0, number, BATCH):
        names = [f"{seed}/{n}" for n in range(first, min(first + BATCH, number))]
        found = [random_case(name) for name in names]
        for name, case, wrong in zip(names, found, play(vector_page, sessions, found), strict=True):
            assert wrong == "", f"seed {name}: {case}\n{wrong}"
