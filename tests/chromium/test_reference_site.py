"""The reference's live examples in the built site: readers try them below their code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Page, expect

from docs.app import create
from docs.code import DOCS
from tests.chromium.conftest import Visit
from tests.chromium.here import serving_here

CONFIG = f"""
INHERIT: {DOCS.parent}/mkdocs.yml
docs_dir: {DOCS}
hooks: [{DOCS}/hooks.py]
site_dir: site
strict: false
nav: [reference/attributes.md]
exclude_docs: |
  *
  !/reference/attributes.md
  !/assets/**
"""
"""The site with one page, since all of it takes a while to build."""
TITLES = {"runOnly": ["frame-title", "frame-title-unique"]}
"""What axe asks of frames; the rest of the page is the theme's."""
PARTS = {"rules": {"page-has-heading-one": {"enabled": False}}}
"""What axe asks of an example, which is part of the page around it."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    (folder / "mkdocs.yml").write_text(CONFIG)
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--quiet",
        "--config-file",
        str(folder / "mkdocs.yml"),
    ]
    subprocess.run(command, check=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    return folder / "site"


@pytest.fixture
def url(built: Path) -> Iterator[str]:
    with serving_here(create(built)) as url:
        yield url


def example(page: Page, entry: str) -> Frame:
    """Return the frame of a live example, when it is connected."""
    element = page.locator(f"iframe[src$='/{entry}.html']")
    element.scroll_into_view_if_needed()
    frame = element.element_handle().content_frame()
    assert frame
    expect(frame.locator("html")).to_have_attribute("data-live", "open")
    return frame


def test_readers_try_the_examples(built: Path, url: str, visit: Visit) -> None:
    visitor = visit(url)
    page = visitor.new_tab()
    page.goto(f"{url}/reference/attributes.html")
    frames = [example(page, entry) for entry in ("live-click", "live-bind", "live-default", "live-modal")]
    click, bind, default, modal = frames
    click.get_by_role("button", name="Ten more").click()
    expect(click.locator("output")).to_have_text("10")
    bind.get_by_label("Search").fill("tea")
    expect(bind.locator("output")).to_have_text("tea")
    default.get_by_label("Title").fill("Honey")
    default.get_by_label("Title").press("Enter")
    expect(default.locator("output")).to_have_text("Milk, Bread, Tea, Honey")
    assert Axe().run(page, options=TITLES).violations_count == 0
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for frame in frames:
            found = Axe().run(frame, options=PARTS)
            assert found.violations_count == 0, found.generate_report()
    modal.get_by_role("button", name="Delete everything").click()
    expect(modal.get_by_role("dialog")).to_be_visible()
    modal.get_by_role("button", name="Cancel").click()
    expect(modal.get_by_role("dialog")).to_be_hidden()

    copy = visitor.new_tab()  # as on a host of files
    copy.goto((built / "live" / "attributes" / "live-click.html").as_uri())
    expect(copy.get_by_text("A static copy")).to_be_visible()
    expect(copy.locator("button").first).to_have_text("One more")
    assert Axe().run(copy, options=PARTS).violations_count == 0
