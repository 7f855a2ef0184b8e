"""Take the pictures of the examples again: ``python -m docs.pictures``, all of them or those that are named.

Each example is opened in Chromium, in light colours and at a fixed size, and something is done in it. The
browser itself writes WebP. ``two-tabs`` is the picture of the README: two people who see the same change.
"""

from __future__ import annotations

import base64
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from examples.index import EXAMPLES, HERE, Example
from tests.chromium.launch import launch
from tests.chromium.server import serving

ROOT: Final = HERE.parent
PICTURES: Final = HERE / "static" / "pictures"
TITLES: Final = {"Nadia": "Nadia adds a card", "Mei": "Mei sees it at once"}
TABS: Final = ROOT / "docs" / "assets" / "two-tabs.webp"
SIZE: Final[ViewportSize] = {"width": 560, "height": 350}
TAB: Final[ViewportSize] = {"width": 700, "height": 590}
QUALITY: Final = 0.8
ENCODE: Final = """async ([png, quality]) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext("2d").drawImage(image, 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/webp", quality });
  return btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())));
}"""
STILL: Final = "*, *::before, *::after { animation: none !important; transition: none !important }"
SIDE_BY_SIDE: Final = """<!doctype html><style>
body { display: flex; align-items: start; gap: 24px; width: max-content; margin: 0 }
body { padding: 20px; background: #e3e7ee }
figure { margin: 0; overflow: hidden; border-radius: 10px; background: #fff; box-shadow: 0 2px 12px #0002 }
figcaption { display: flex; align-items: center; gap: 7px; padding: 9px 14px; background: #f4f6f9 }
figcaption { color: #444; font: 14px system-ui, sans-serif }
i { width: 11px; height: 11px; border-radius: 50%; background: #cfd5de } span { margin-left: 10px }
img { display: block; width: 700px; height: 590px }
</style>"""
FRAME: Final = (
    "<figure><figcaption><i></i><i></i><i></i><span>{}</span></figcaption>"
    '<img src="data:image/png;base64,{}"></figure>'
)


@contextmanager
def copied() -> Iterator[str]:
    """Serve a copy of the examples, whose databases are empty, and yield its address."""
    with tempfile.TemporaryDirectory() as folder:
        ignored = shutil.ignore_patterns("*.db*", "data", "__pycache__")
        shutil.copytree(HERE, Path(folder, "examples"), ignore=ignored)
        with chdir(folder), serving(env={"PYTHONPATH": str(ROOT)}) as server:
            yield server.url


def counter(page: Page) -> None:
    page.get_by_role("button", name="+10").first.click()
    page.get_by_role("button", name="+1", exact=True).click()
    expect(page.locator("output")).to_have_text("11")


def todos(page: Page) -> None:
    for title in ("Buy oat milk", "Walk the dog"):
        page.get_by_label("New todo").fill(title)
        page.get_by_label("New todo").press("Enter")
        expect(page.get_by_text(title)).to_be_visible()
    page.get_by_label("Done").last.check()
    expect(page.locator("li.completed")).to_have_count(1)


def signup(page: Page) -> None:
    page.get_by_label("Name").fill("a")
    page.get_by_label("E-mail").fill("ada@")
    expect(page.locator(".ui-error").first).not_to_have_text("")


def rooms(page: Page) -> None:
    page.get_by_label("Guests").fill("4")
    expect(page.locator("#rooms li")).to_have_count(2)


def posts(page: Page) -> None:
    page.get_by_label("Title").fill("Hello")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Hello").first).to_be_visible()


def reading(page: Page) -> None:
    page.get_by_role("button", name="Note", exact=True).first.click()
    expect(page.locator(".note").first).to_be_visible()


def bakery(page: Page) -> None:
    page.locator("li button").first.click()


def assistant(page: Page) -> None:
    page.get_by_label("Question").fill("What is the weather in Bern?")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".tool")).to_contain_text("→")
    expect(page.get_by_role("button", name="Retry")).to_be_visible(timeout=30_000)


def table(page: Page) -> None:
    page.get_by_role("button", name="Create 1,000 rows").click()
    page.locator("td a").nth(2).click()
    expect(page.locator("tr.danger")).to_have_count(1)


def board(page: Page, name: str = "Nadia") -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill("password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="The lantern festival")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-live", "open")
    expect(page.locator(".present")).to_contain_text(name)


SCENES: Final[Mapping[str, Callable[[Page], None]]] = {
    "assistant": assistant,
    "basket": bakery,
    "board": board,
    "counter": counter,
    "posts": posts,
    "reading": reading,
    "rooms": rooms,
    "signup": signup,
    "table": table,
    "todos": todos,
}
"""What is done in an example before its picture is taken. Others are shown as they open."""


def opened(browser: Browser, url: str, size: ViewportSize, scale: float = 2) -> Page:
    """Return a page of a new visitor whose connection is open."""
    context = browser.new_context(viewport=size, device_scale_factor=scale, color_scheme="light")
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(url)
    page.add_style_tag(content=STILL)
    if page.locator("script[src*='/_live/']").count():
        expect(page.locator("html")).to_have_attribute("data-live", "open")
    return page


def write(page: Page, png: bytes, path: Path, quality: float = QUALITY) -> None:
    """Write a picture as WebP."""
    webp = page.evaluate(ENCODE, [base64.b64encode(png).decode(), quality])
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(base64.b64decode(webp))
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


def take(browser: Browser, url: str, example: Example) -> None:
    """Take the picture of an example."""
    page = opened(browser, url + example.path, SIZE)
    if scene := SCENES.get(example.name):
        scene(page)
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")
    png = page.screenshot(caret="hide")
    write(opened(browser, "about:blank", SIZE), png, PICTURES / f"{example.name}.webp")
    page.context.close()


def take_two_tabs(browser: Browser, url: str) -> None:
    """Take the picture of two people at one board: one has moved a card, the other sees it."""
    pages = {name: opened(browser, f"{url}/board/", TAB, 1.5) for name in TITLES}
    for name, page in pages.items():
        board(page, name)
    pages["Nadia"].get_by_label("Add a card to Next").fill("A choir at eight")
    pages["Nadia"].get_by_role("button", name="Add to Next").click()
    for page in pages.values():
        expect(page.locator("#next").get_by_text("A choir at eight")).to_be_visible()
        expect(page.locator(".present li")).to_have_count(2)
    frames = [
        FRAME.format(TITLES[name], base64.b64encode(page.screenshot(caret="hide")).decode())
        for name, page in pages.items()
    ]
    both = opened(browser, "about:blank", {"width": 1500, "height": 700}, 1.5)
    both.set_content(SIDE_BY_SIDE + "".join(frames))
    write(both, both.locator("body").screenshot(), TABS, quality=0.65)


def main(names: list[str]) -> None:
    """Take the pictures with these names, or all."""
    with sync_playwright() as playwright, copied() as url:
        browser = launch(playwright)
        for example in EXAMPLES:
            if not names or example.name in names:
                take(browser, url, example)
        if not names or "two-tabs" in names:
            take_two_tabs(browser, url)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
