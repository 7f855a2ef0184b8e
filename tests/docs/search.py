"""Prints where the site's search leads for questions of beginners; fails if one isn't among the first.

``make docs`` first, then ``python -m tests.docs.search [folder]``. Needs Chromium.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect, sync_playwright

from tests.chromium.launch import launch

QUESTIONS: Final = {
    "install": "tutorial",
    "tutorial": "tutorial",
    "rejected": "decisions",
    "optimistic": "sqlalchemy",
    "login": "sign-in",
    "password": "sign-in",
    "sign out": "sign-in",
    "permissions": "permissions",
    "authorization": "permissions",
    "guard a section": "permissions",
    "admin only": "permissions",
    "rate limit": "permissions",
    "cookie": "cookies",
    "flash message": "reference/template-names",
    "sqlalchemy": "sqlalchemy",
    "database transaction": "sqlalchemy",
    "optimistic locking": "sqlalchemy",
    "pagination": "sqlalchemy",
    "several databases": "sqlalchemy",
    "form validation": "form-html",
    "form errors": "form-html",
    "nested form": "form-rows",
    "add row": "form-rows",
    "wizard": "form-rows",
    "upload file": "uploads",
    "s3": "uploads",
    "download": "slow-data",
    "progress bar": "jobs",
    "background task": "jobs",
    "celery": "queues",
    "arq": "queues",
    "chat": "streams",
    "real time": "live-data",
    "presence": "presence",
    "who is online": "presence",
    "slow query": "slow-data",
    "drag and drop": "sorting",
    "infinite scroll": "scrolling",
    "component": "stateful-components",
    "query string": "addresses",
    "path parameter": "addresses",
    "translation": "translations",
    "i18n": "translations",
    "state": "state",
    "session": "sign-in",
    "test database": "test-database",
    "playwright": "testing",
    "fixture": "test-database",
    "fastapi": "existing-sites",
    "django": "django",
    "htmx": "from-htmx",
    "phoenix liveview": "from-liveview",
    "streamlit": "from-streamlit",
    "next.js": "server-actions",
    "deploy": "deployment",
    "docker": "docker",
    "systemd": "systemd",
    "kubernetes": "kubernetes",
    "nginx": "proxies",
    "caddy": "proxies",
    "redis": "stores",
    "several machines": "stores",
    "health check": "monitoring",
    "completion": "cli",
    "logging": "monitoring",
    "memory usage": "performance",
    "exactly once": "guarantees",
    "csrf": "from-htmx",
    "content security policy": "csp",
    "works without javascript": "pages",
    "debug": "debugging",
    "chart": "charts",
    "table": "ui-data",
    "button": "ui",
    "modal dialog": "reference/attributes",
}
"""What somebody types, and the page (without its suffix) that answers it."""
FIRST: Final = 3
LINKS: Final = "items => items.map(item => item.querySelector('a').href)"


class Quiet(SimpleHTTPRequestHandler):
    """Serves the site without a log."""

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


def answers(page: Page, url: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each question with the page that answers it, and the pages that are found, best first."""
    page.goto(f"{url}/index.html")
    expect.set_options(timeout=20_000)
    box, meta = page.locator("[data-md-component=search-query]"), page.locator(".md-search-result__meta")
    for question, wanted in QUESTIONS.items():
        box.fill("")
        box.dispatch_event("keyup")
        expect(meta).to_have_text("Type to start searching")
        box.fill(question)
        box.dispatch_event("keyup")
        expect(meta).to_have_text(re.compile("matching document"))
        links = page.locator(".md-search-result__item").evaluate_all(LINKS)
        yield (
            question,
            wanted,
            [urlsplit(link).path.removeprefix("/").removesuffix(".html") for link in links],
        )


def main() -> None:
    """Exit with 1 if a question isn't answered by one of the first pages."""
    folder = sys.argv[1] if len(sys.argv) > 1 else "build/site"
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    Thread(target=server.serve_forever, daemon=True).start()
    missed = 0
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for question, wanted, found in answers(browser.new_page(), f"http://127.0.0.1:{server.server_port}"):
            missed += wanted not in found[:FIRST]
            mark = " " if wanted in found[:FIRST] else "!"
            print(f"{mark} {question:24} {wanted:20} {', '.join(found[:FIRST])}")
        browser.close()
    print(f"{len(QUESTIONS) - missed} of {len(QUESTIONS)} questions are answered by the first {FIRST} pages")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
