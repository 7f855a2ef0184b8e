"""Pages and components that write their HTML themselves, with whatever gives HTML."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import pytest
from markupsafe import Markup

from liveactions import Component, Live, Page, action
from liveactions.diff.client_state import change
from liveactions.pages.page_html import PageAssets, document
from liveactions.store import MemoryStore
from liveactions.templates import Fragment, html_of, raw_page
from liveactions.templates.raw_html import raw_part
from liveactions.templates.runtime import UnbalancedMarkup
from liveactions.testing import Browser
from liveactions.testing.document import Document
from liveactions.testing.failures import Failed
from liveactions.testing.raw_html import confirm
from tests.behaviour.ways import Way, visiting, ways


@dataclass(frozen=True)
class Hole:
    """As `string.templatelib.Interpolation`."""

    value: Any
    conversion: str | None = None
    format_spec: str = ""


@dataclass(frozen=True)
class Text:
    """As `string.templatelib.Template`."""

    strings: tuple[str, ...]
    interpolations: tuple[Any, ...]


def t(*parts: Any) -> Text:
    """A template string: literals and values by turns."""
    return Text(parts[::2], tuple(Hole(value) for value in parts[1::2]))


class Element:
    """As htpy's: what knows its HTML, and can give it only once where a generator is in it."""

    def __init__(self, html: Any) -> None:
        self.html = iter([html])

    def __html__(self) -> str:
        return str(next(self.html))


# What gives HTML


@pytest.mark.parametrize(
    ("value", "html"),
    [
        ("<p>a</p>", "<p>a</p>"),
        (Markup("<p>{}</p>").format("<"), "<p>&lt;</p>"),
        (Element("<p>b</p>"), "<p>b</p>"),
        (t("<p>", "<&\"'", "</p>"), "<p>&lt;&amp;&#34;&#39;</p>"),
        (t("<p>", Markup("<b>x</b>"), "</p>"), "<p><b>x</b></p>"),
        (t("<ul>", [t("<li>", n, "</li>") for n in (1, 2)], "</ul>"), "<ul><li>1</li><li>2</li></ul>"),
        (t("<ul>", (t("<li>", n, "</li>") for n in "<"), "</ul>"), "<ul><li>&lt;</li></ul>"),
        (t("<p>", None, "", False, "", 0, "</p>"), "<p>0</p>"),
        (Text(("", ""), (Hole("<", "r"),)), "&#39;&lt;&#39;"),
        (Text(("", " ", ""), (Hole(3.14159, None, ".2f"), Hole("<", "s", ">3"))), "3.14   &lt;"),
    ],
)
def test_html_of_anything(value: Any, html: str) -> None:
    assert html_of(value) == html


@pytest.mark.parametrize("value", [None, 3, b"<p>", ["<p>"], {"a": 1}])
def test_what_is_no_html_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="isn't HTML"):
        html_of(value)


@pytest.mark.skipif(sys.version_info < (3, 14), reason="template strings are new in Python 3.14")
def test_template_strings_of_python() -> None:
    names: dict[str, Any] = {"x": "<", "items": [1, 2]}
    template = eval("t\"<p>{x}</p>{[t'<i>{n:02}</i>' for n in items]}{x!r}\"", names)  # noqa: S307
    assert html_of(template) == "<p>&lt;</p><i>01</i><i>02</i>&#39;&lt;&#39;"


# Where the slot is


def whole(fragment: Fragment) -> Document:
    """A page as it is sent."""
    return Document(document(fragment, "s", PageAssets("/s.js", "/l.js", "/s"), "/", lambda state: state))


@pytest.mark.parametrize(
    "html",
    [
        "<p>1</p>",
        "1 &amp; 2",
        "",
        "<title>T</title><p>1</p>",
        "<!doctype html><title>T</title><p>1</p>",
        "<!doctype html><html lang=en><head><title>T</title></head><body class='x>y'><p>1</p></body></html>",
        "<!DOCTYPE html><HTML><HEAD><meta charset=utf-8></HEAD>\n<!-- c --><BODY><p>1</p></BODY>\n</HTML>\n",
        "<html><body><p>unclosed<ul><li>one<li>two</body></html>",
        "<p>1</div>2",
        "<b>1<p>y</b>z",
        "<p><b>1</p>y",
        "<ul><li><i>1<li>2</ul><p>z",
        "<meta content='>'><p>1",
        "<h1><div><h3>1</h1>foo",
    ],
)
def test_the_content_of_the_body_is_a_slot(html: str) -> None:
    page, other = raw_page(html), raw_page(html.replace("1", "<i>3</i>"))
    assert len(page.values) == 1 + ("title" in html)
    shown = whole(page)
    assert len(shown.fragment.slots) == len(page.values)
    shown.apply([len(page.values) - 1, {"h": str(other.values[-1])}])
    assert str(shown).partition("<body")[2] == str(whole(other)).partition("<body")[2]


@pytest.mark.parametrize(
    "html",
    [
        "a</body>b</body>",
        "<frameset>",
        "<!---><p>--><title>x</title>y",
        "<script><!--<script></script>--></script>",
        "<template><template></template></template>x",
    ],
)
def test_a_page_of_which_head_or_body_arent_clear_is_sent_as_a_whole(html: str) -> None:
    assert raw_page(html).shape.is_page


def test_a_part_that_ends_elsewhere_degrades_what_it_is_put_into() -> None:
    assert type(raw_part("<p>a</p></div>")) is UnbalancedMarkup
    assert raw_part("<p>a</p>").html() == "<!--(--><p>a</p><!--)-->"


# In a browser

live_pages = Live(keys="k" * 32, store=MemoryStore(), debug=True)


class Notes(Page):
    """The page of which every kind of HTML is tried."""

    text: str = "old"
    count: int = 0

    @action
    async def save(self, text: str) -> None:
        self.text = text
        self.count += 1

    @action
    async def add(self, by: int) -> None:
        self.count += by

    def body(self) -> Any:
        rows = [t("<li id='r", n, "'>row ", n, "</li>") for n in range(self.count)]
        return t(
            "<h1>", self.text, "</h1><form method='post' action=\"", self.save, '"><input name="text"'
            ' aria-label="text"><button>save</button><em>', self.save.errors["text"], "</em></form>"
            '<input name="other" aria-label="other"><ul>', rows, '</ul><button form="live" formaction="',
            self.add.bind(2), '">two more</button><b live-click="', self.add.bind(1), '">one more</b>',
        )  # fmt: skip


@live_pages.page("/string")
class Strings(Notes):
    def render(self) -> str:
        return f"<title>{self.count}</title>" + html_of(self.body())


@live_pages.page("/template")
class TemplateStrings(Notes):
    def render(self) -> Any:
        return t(
            "<!doctype html><html><head><title>",
            self.count,
            "</title></head><body>",
            self.body(),
            "</body></html>",
        )


@live_pages.page("/element")
class Elements(Notes):
    def render(self) -> Element:
        return Element(f"<html><title>{self.count}</title><body>{html_of(self.body())}</body></html>")


@live_pages.page("/unclosed")
class Unclosed(Notes):
    def render(self) -> str:
        return f"<!doctype html><title>{self.count}</title>{html_of(self.body())}<p>never<p>closed"


KINDS = pytest.mark.parametrize("path", ["/string", "/template", "/element", "/unclosed"])


@KINDS
@ways("SHN")
async def test_forms_buttons_and_errors(path: str, way: Way) -> None:
    async with visiting(live_pages, way) as browser:
        page = await browser.open(path)
        await page.fill("text", "new")
        await page.click("save")
        assert (page.text("h1"), page.texts("li")) == ("new", ["row 0"])
        await page.click("two more")
        assert page.texts("li") == ["row 0", "row 1", "row 2"]
        await page.fill("text", "")
        await page.click("save")
        assert page.text("em") == "This field is required"
        assert page.text("h1") == "new"


@KINDS
@ways("SH")
async def test_events_and_what_was_typed_elsewhere(path: str, way: Way) -> None:
    async with visiting(live_pages, way) as browser:
        page = await browser.open(path)
        await page.fill("other", "typed")
        for _ in range(3):
            await page.click("one more")
        assert page.texts("li") == ["row 0", "row 1", "row 2"]
        assert page.value("other") == "typed"


class Counter(Component):
    count: int = 0

    @action
    async def add(self) -> None:
        self.count += 1

    def render(self) -> Any:
        return t("<i>", self.count, '</i><button form="live" formaction="', self.add, '">add</button>')


class Both(Page):
    template = "both.html"
    left: Counter = Counter()
    right: Counter = Counter(count=5)


@ways("SHN")
async def test_components_that_write_themselves(way: Way) -> None:
    from jinja2 import DictLoader, Environment

    source = "<body><div>{{ left }}</div><p id=r>{{ right }}</p></body>"
    live = Live(Environment(loader=DictLoader({"both.html": source}), autoescape=True), keys="k" * 32)
    live.page("/both")(type("Both", (Both,), {"__module__": __name__}))
    async with visiting(live, way) as browser:
        page = await browser.open("/both")
        await page.within("#r").click("add")
        await page.within("#r").click("add")
        assert page.texts("i") == ["0", "7"]


class Compiled(Component):
    template = "compiled.html"
    count: int = 0

    @action
    async def add(self) -> None:
        self.count += 1


class InMarkup(Page):
    one: Compiled = Compiled()
    other: Counter = Counter(count=5)

    def render(self) -> Markup:
        return Markup("<div>{}</div><p>{}</p>").format(self.one, self.other)


class InTemplateString(InMarkup):
    def render(self) -> Any:
        return t("<div>", self.one, "</div><p>", self.other, "</p>")


@pytest.mark.parametrize("cls", [InMarkup, InTemplateString])
@ways("SHN")
async def test_components_in_html_that_a_page_writes(cls: type[Page], way: Way) -> None:
    from jinja2 import DictLoader, Environment

    source = '<i>{{ count }}</i><form method="post" action="{{ add }}"><button>add</button></form>'
    live = Live(Environment(loader=DictLoader({"compiled.html": source}), autoescape=True), keys="k" * 32)
    live.page("/page")(type("Written", (cls,), {"__module__": __name__}))
    async with visiting(live, way) as browser:
        page = await browser.open("/page")
        await page.within("div").click("add")
        await page.within("p").click("add")
        await page.within("div").click("add")
        assert page.texts("i") == ["2", "6"]


class Torn(Component):
    template = "torn.html"


class Around(Page):
    template = "around.html"
    torn: Torn = Torn()


@ways("SN")
async def test_a_component_that_is_no_tree_is_part_of_its_page(way: Way) -> None:
    from jinja2 import DictLoader, Environment

    sources = {
        "torn.html": "<p>&lt;i&gt;<b>x</p>y",
        "around.html": "<section>{{ torn }}</section><table><tbody>{% for n in [1, 2] %}<tr>"
        "{% for m in [1, 2] %}<td>{{ m }}</td>{% endfor %}</tr>{% endfor %}</tbody></table>",
    }
    live = Live(Environment(loader=DictLoader(sources), autoescape=True), keys="k" * 32)
    live.page("/around")(type("Around", (Around,), {"__module__": __name__}))
    async with visiting(live, way) as browser:
        page = await browser.open("/around")
        assert page.texts("td") == ["1", "2", "1", "2"]
        assert "<i>x" in page.text("section p")


@live_pages.page("/function/{name}")
async def greeting(name: str, count: int = 0) -> Any:
    greeted = []

    @action
    async def greet(word: str) -> None:
        greeted.append(word)

    form = t(
        '<form method="post" action="',
        greet,
        '"><input name="word" aria-label="word"><button>go</button></form>',
    )
    return t("<h1>", name, "</h1>", form, "<p>", greet.ok and "greeted", "</p>")


@ways("SHN")
async def test_functions(way: Way) -> None:
    async with visiting(live_pages, way) as browser:
        page = await browser.open("/function/ada")
        assert page.text("h1") == "ada"
        await page.fill("word", "hi")
        await page.click("go")
        assert page.text("p") == "greeted"


def test_render_cant_wait() -> None:
    async def render(self: Any) -> str:
        return ""

    with pytest.raises(TypeError, match="can't be async"):
        type("Slow", (Page,), {"render": render, "__module__": __name__})


async def test_an_action_or_a_field_may_be_called_render(way: Way = "S") -> None:
    class Own(Page):
        render: int = 3

        def __html__(self) -> str:
            return f"<p>{self.render}</p>"

    live = Live(keys="k" * 32)
    live.page("/own")(Own)
    async with Browser(live) as browser:
        assert (await browser.open("/own")).text("p") == "3"


# What can't arrive as it is


@live_pages.page("/broken")
class Broken(Page):
    how: str = ""
    count: int = 0

    @action
    async def break_it(self, how: str) -> None:
        self.how = how
        self.count += 1

    def render(self) -> str:
        bad = {
            "null": "a\n<b>line\0</b>",
            "half": "<i>\ud800</i>",
            "deep": "<div>" * 600 + "</div>" * 600,
        }.get(self.how, self.how)
        return html_of(
            t('<form method="post" action="', self.break_it, '"><input name="how" aria-label="how">')
        ) + (f"<button>go</button></form><p>{self.count}</p>{bad}")


@pytest.mark.parametrize(
    ("how", "place"),
    [
        ("null", "null character, which browsers drop, in line 2, column 8, after"),
        ("half", "a lone surrogate (U+D800), which can't be encoded, in line 1"),
        ("deep", "elements nested more than 500 deep, which browsers don't keep: div > div > div"),
    ],
)
async def test_the_last_good_page_stays_and_the_place_is_named(
    how: str, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with visiting(live_pages, "S") as browser:
        page = await browser.open("/broken")
        await page.fill("how", "fine")
        await page.click("go")
        assert page.text("p") == "1"
        await page.fill("how", how)
        with pytest.raises(Failed):
            await page.click("go")
        assert page.text("p") == "1"
        assert place in caplog.text
        await page.fill("how", "fine")
        await page.click("go")
        assert page.text("p") == "2"  # what couldn't be shown wasn't done


async def test_a_page_that_cant_arrive_is_an_error_of_its_get(caplog: pytest.LogCaptureFixture) -> None:
    live = Live(keys="k" * 32, store=MemoryStore())

    @live.page("/null")
    async def null() -> str:
        return "<p>\0</p>"

    async with Browser(live) as browser:
        with pytest.raises(Failed):
            await browser.open("/null")
    assert "null character" in caplog.text


@pytest.mark.parametrize(
    "html",
    [
        "<p>\x0b\x1f\x7f\ufffe</p>" * 3000,
        "<div>" * 400 + "x" * 40_000 + "</div>" * 400,
        f"<p>{'x' * 10_500_000}</p><i>y</i>",
    ],
)
def test_what_parsers_used_to_cut_short_is_whole(html: str) -> None:
    page, other = raw_page(html), raw_page(html + "<b>z</b>")
    found = change(str(page.values[0]), str(other.values[0]))
    if "e" in found:
        confirm(html, html + "<b>z</b>", found["e"], found["d"], ())
    assert found["s"] == [len(html), "<b>z</b>"]
