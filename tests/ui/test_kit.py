"""All components of the kit: their files, their documentation, the gallery without a browser."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

import httpx
import pytest
from jinja2 import Environment, FileSystemLoader

from docs.code import DOCS
from examples import app
from examples.ui import members
from liveactions import Component, Live, Page, action, jinja
from liveactions.cli.check import check
from liveactions.testing import Browser, Refusal, both_ways, plugin
from liveactions.ui import kit
from tests.support.small import KEY

COMPONENTS = sorted(kit.components().values(), key=lambda one: one.name)
DOCUMENTED = "".join(path.read_text() for path in sorted(DOCS.glob("ui*.md")))
PHYSICAL = re.compile(
    r"[{;\s](?:(?:margin|padding|border)-(?:left|right)|(?:m(?:in|ax)-)?(?:width|height)|left|right):"
    r"|text-align: (?:left|right)"
)

browser = plugin.browser
each = pytest.mark.parametrize("one", COMPONENTS, ids=lambda one: one.name)


@each
def test_it_and_its_props_are_documented(one: kit.KitComponent) -> None:
    found = app.live.templates.environment.components.find(f"ui.{one.name}", None, 1)
    assert f"<ui.{one.name}" in DOCUMENTED
    assert [name for name in found.props if f"`{name}`" not in DOCUMENTED] == []


@each
def test_its_style_has_no_sides_and_no_colours_of_its_own(one: kit.KitComponent) -> None:
    style = one.source.partition("<style>")[2].partition("</style>")[0]
    assert PHYSICAL.findall(style) == []
    assert re.findall(r"#[0-9a-f]{3,8}\b(?![^{]*\{)", style.replace("#0b0e1a80", "")) == []
    assert "style=" not in one.source


@pytest.mark.slow
def test_check_finds_nothing_in_the_templates_of_the_library() -> None:
    folders = kit.PACKAGE, kit.PACKAGE.parent / "templates" / "packaged"
    live = Live(Environment(loader=FileSystemLoader(folders), autoescape=True), keys=KEY)
    assert {"components/ui/Button.html", "live/forms.html"} < {*live.templates.environment.list_templates()}
    assert check([live]) == []


@pytest.fixture
def live() -> Live:
    return app.live


@both_ways
async def test_the_gallery(browser: Browser) -> None:
    page = await browser.open("/ui?theme=dark&direction=rtl")
    await page.click("Delete 3 files…")
    await page.within("#clear").click("Cancel")
    await page.click("File")
    await page.click("Make a copy")
    assert page.texts(".ui-toast p") == ["A file was copied"]
    await page.click("Delete 4 files…")
    await page.within("#clear").click("Delete")
    assert page.texts(".ui-toast p") == ["All files are deleted"]


@both_ways
async def test_a_form_a_table_a_confirmation_and_messages_in_less_than_60_lines(browser: Browser) -> None:
    assert len(inspect.getsource(members).splitlines()) < 60
    page = await browser.open("/members?q=ada")
    for name in ("Ada", "Grace"):
        await page.fill("Name", name)
        await page.fill("E-mail", f"{name.lower()}@example.com")
        await page.select("Plan", "Team")
        await page.fill("Birthday", "1990-12-10")
        await page.check("Newsletter")
        await page.click("Sign up")
        assert page.text(".ui-toast") == f"Welcome, {name}!"
    assert page.texts("tbody td:first-child") == ["Ada"]
    await page.fill("Search", "")
    if not browser.js:
        await page.press("Enter")
    assert page.texts("tbody td:first-child") == ["Ada", "Grace"]
    await page.click("Remove all…")
    await page.within("dialog").click("Remove")
    assert page.text(".ui-toast") == "All members are removed" and page.texts("tbody tr") == ["Nothing found"]


async def test_applications_load_the_files_of_what_their_own_templates_have() -> None:
    plain, other = Live(keys=KEY), Live(keys=KEY)

    class Orders(Component):
        template = jinja('<ui.Tabs label="Orders"><ui.Tab id="open" title="Open">None</ui.Tab></ui.Tabs>')

    @other.page("/")
    class Shop(Page):
        template = jinja("<title>Shop</title>{% if orders %}{{ orders }}{% endif %}")
        orders: Orders | None = None

    @plain.page("/")
    class Home(Page):
        template = jinja("<title>Home</title>")

    links = []
    for live in (plain, other):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(live), base_url="http://test") as client:
            links.append(re.findall(r"/_live/(ui\.\w+|components)\.", (await client.get("/")).text))
    assert links == [[], ["components", "ui.Tabs"]]


@dataclass
class Size:
    width: int


@dataclass
class Article:
    name: str
    size: Size
    stock: int = 5


async def test_a_form_shows_initial_values_of_an_object_or_a_mapping_or_none() -> None:
    live = Live(keys=KEY)

    @live.page("/{which}")
    class Edit(Page):
        template = jinja("""
            <title>Edit</title>
            <ui.Form action="{{ save }}" initial="{{ values }}"/>""")
        which: str

        @property
        def values(self) -> object:
            vase = {"name": "Vase", "size": {"width": 4}}
            return {"object": Article("Lamp", Size(30), 0), "mapping": vase}.get(self.which)

        @action
        async def save(self, article: Article) -> None: ...

    shown = {}
    async with Browser(live) as browser:
        for which in ("object", "mapping", "none"):
            page = await browser.open(f"/{which}")
            shown[which] = [page.value(name) for name in ("Name", "Width", "Stock")]
        with pytest.raises(Refusal, match=r'<input type="text" name="name" .* must be filled in$'):
            await page.click("Save")
    assert shown == {"object": ["Lamp", "30", "0"], "mapping": ["Vase", "4", "5"], "none": ["", "", "5"]}


async def test_progress_of_nothing_is_complete() -> None:
    live = Live(keys=KEY)

    @live.page("/{total}")
    class Import(Page):
        template = jinja(
            """<title>Import</title><ui.Progress label="Rows" value="{{ 3 }}" max="{{ total }}"/>"""
        )
        total: int

    async with Browser(live) as browser:
        for total, text, attributes in ((4, "75 %", 'max="4" value="3"'), (0, "100 %", 'max="1" value="1"')):
            page = await browser.open(f"/{total}")
            assert page.text(".ui-text") == text and attributes in page.html
