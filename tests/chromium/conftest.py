"""A real browser against a real server.

A test that takes `visitor` runs twice, with JavaScript and without; `live_visitor` is for what only the
script can do. Both fail when the browser logs an error, or the server does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.chromium.firefox import Firefox, FirefoxTab, firefox, system_firefox
from tests.chromium.here import serving_here
from tests.chromium.proxy import link
from tests.chromium.server import Server, serving
from tests.chromium.stage import Stage, live
from tests.support.patience import PATIENCE_MS

AGAIN = "Failed to load resource: the server responded with a status of 503"
OUTAGE = ("WebSocket connection to", "Failed to load resource: net::ERR_", "net::ERR_", AGAIN)
"""What the browser itself logs when a server or a link is gone, or a page is asked to come again (503): a
test that cuts them expects it.
"""


@pytest.fixture(scope="package")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The examples, on as many workers. A page's GET, socket and posts land on any of them at random."""
    with serving(workers=request.param) as server:
        yield server
        assert not server.faults()


class Visitor:
    """One person: a browser with cookies of its own, and any number of tabs."""

    def __init__(self, context: BrowserContext, url: str, script: bool, outages: bool) -> None:
        self.context = context
        self.url = url
        self.script = script
        self.outages = outages
        self.problems: list[str] = []
        context.on("console", self._console)
        context.on("weberror", lambda error: self.problems.append(str(error.error)))

    def new_tab(self) -> Page:
        """An empty tab."""
        return self.context.new_page()

    def go(self, page: Page, path: str) -> None:
        """Go to an address. With JavaScript: return when its socket is open."""
        page.goto(self.url + path)
        if self.script:
            expect(page.locator("html")).to_have_attribute("data-live", "open")

    def open(self, path: str) -> Page:
        """A new tab at an address."""
        page = self.new_tab()
        self.go(page, path)
        return page

    def _console(self, message: ConsoleMessage) -> None:
        if message.type != "error" or (self.outages and message.text.startswith(OUTAGE)):
            return
        if message.location["url"].endswith("/favicon.ico"):
            return  # which browsers ask for by themselves
        if not self.script and message.text.startswith("Failed to load resource"):
            return  # a page with the status of an error, which is right for a post: 422
        self.problems.append(f"{message.text} ({message.location})")


Visit = Callable[..., Visitor]


@pytest.fixture
def blocked(request: pytest.FixtureRequest) -> bool:
    """Whether no WebSocket gets through to a server."""
    return bool(getattr(request, "param", request.config.getoption("--blocked")))


@pytest.fixture
def visit(chromium: Browser, blocked: bool) -> Iterator[Visit]:
    """Makes visitors of an address. What their consoles log fails the test at its end.

    Where WebSockets are blocked, they see the address of a proxy: `Visitor.url`.
    """
    visitors: list[Visitor] = []
    proxies: dict[str, str] = {}
    with ExitStack() as stack:

        def make(url: str, *, script: bool = True, outages: bool = False) -> Visitor:
            if blocked and url not in proxies:
                port = int(url.rpartition(":")[2])
                proxies[url] = stack.enter_context(link(port, blocks=True)).url
            context = chromium.new_context(java_script_enabled=script)
            context.set_default_timeout(PATIENCE_MS)
            stack.callback(context.close)
            visitors.append(Visitor(context, proxies.get(url, url), script, outages or blocked))
            return visitors[-1]

        yield make
    assert [visitor.problems for visitor in visitors if visitor.problems] == []


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def visitor(request: pytest.FixtureRequest, visit: Visit, server: Server) -> Visitor:
    """A person at the examples, once with JavaScript and once without."""
    return visit(server.url, script=request.param)


@pytest.fixture
def live_visitor(visit: Visit, server: Server) -> Visitor:
    """A person at the examples with JavaScript."""
    return visit(server.url)


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the test module's own application, `app`."""
    with serving_here(request.module.app) as url:
        yield url


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def anybody(request: pytest.FixtureRequest, visit: Visit, site: str) -> Visitor:
    """A person at the module's application, once with JavaScript and once without."""
    return visit(site, script=request.param)


@pytest.fixture
def person(visit: Visit, site: str) -> Visitor:
    """A person at the module's application with JavaScript."""
    return visit(site)


@pytest.fixture(scope="session")
def scenery() -> Iterator[str]:
    """The address of the application of `tests.chromium.stage`."""
    with serving_here(live) as url:
        yield url


@pytest.fixture(scope="session")
def a_firefox() -> Iterator[Firefox]:
    path = system_firefox()
    if path is None:
        pytest.skip("no Firefox is installed: apt-get install firefox-esr")
    with firefox(path) as browser:
        yield browser


class Foreigner:
    """A person with Firefox."""

    def __init__(self, browser: Firefox, url: str) -> None:
        self.browser = browser
        self.url = url
        self.problems = browser.problems
        self.tabs: list[FirefoxTab] = []

    def open(self, path: str) -> FirefoxTab:
        self.tabs.append(self.browser.open(self.url + path))
        return self.tabs[-1]


VARIANTS = ("compiled", "raw")
"""The scene is part of a template; it is raw HTML in a template."""
OTHER_VARIANTS = ("document", "firefox")
"""The page is a string, which the client sees as raw HTML in a template; compiled, in Firefox."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if any(metafunc.definition.iter_markers("also_blocked")) and not metafunc.config.getoption("--blocked"):
        metafunc.parametrize("blocked", [False, True], ids=["socket", "blocked"], indirect=True)
    if "server" in metafunc.fixturenames:
        workers = (1, 2) if metafunc.config.getoption("--all-variants") else (2,)
        metafunc.parametrize("server", workers, indirect=True, ids="{}-workers".format, scope="package")
    own = any(mark.args[0] == "stage" for mark in metafunc.definition.iter_markers("parametrize"))
    if "stage" in metafunc.fixturenames and not own:
        others = OTHER_VARIANTS if metafunc.config.getoption("--all-variants") else ()
        metafunc.parametrize("stage", [*VARIANTS, *others], indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip tests that take the same path, or nearly so, where WebSockets are blocked."""
    left_out = [item for item in items if isinstance(item, pytest.Function) and _is_like_another(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _is_like_another(item: pytest.Function) -> bool:
    values = item.callspec.params if hasattr(item, "callspec") else {}
    if "blocked" not in values or not values["blocked"]:
        return False
    is_without_script = not all(values.get(name, True) for name in ("visitor", "anybody"))
    return is_without_script or values.get("server") == 1


@pytest.fixture
def stage(request: pytest.FixtureRequest, visit: Visit, scenery: str) -> Iterator[Stage]:
    """Open scenes of the test's own, in one variant."""
    if request.param != "firefox":
        yield Stage(visit(scenery), request.param)
        return
    if only := request.node.get_closest_marker("chromium_only"):
        pytest.skip(only.kwargs.get("reason", "WebDriver has no command for it"))
    person = Foreigner(request.getfixturevalue("a_firefox"), scenery)
    person.problems.clear()
    yield Stage(person, "compiled")
    for tab in person.tabs:
        tab.close()
    assert person.problems == []
