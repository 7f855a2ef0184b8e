"""The pytest plugin: the fixtures `browser`, a simulated one, and `live_page`, a tab of a real one, for tests
that are coroutines.

`both_ways` runs a test with JavaScript and without it. Everything is rendered twice and compared, to find
templates whose output isn't reproducible.

The application comes from a fixture named `live`, defined in a ``conftest.py``::

    @pytest.fixture
    def live() -> Live:
        return shop.live

or from pytest's settings: ``live = "shop:live"``. Any plugin that runs coroutines can be used
(pytest-asyncio, anyio).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from ..templates import Templates
from .clock import endpoints

if TYPE_CHECKING:
    from .browser import Browser
    from .live_page import LivePage


F = TypeVar("F", bound=Callable[..., object])


def both_ways(test: F) -> F:
    """Run a test that takes `browser` twice: with JavaScript, and without it."""
    mark = pytest.mark.parametrize(
        "browser", [True, False], ids=["javascript", "no-javascript"], indirect=True
    )
    marked: F = mark(test)
    return marked


def render_twice(app: Any) -> None:
    """Let all pages of an application compare each render with one that reuses nothing, and their state with
    what a restart would restore.
    """
    for endpoint in endpoints(app):
        services = endpoint.site.services
        services.is_strict = True
        if isinstance(services.templates, Templates):
            services.templates.debug = True


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("live", "the live application for `browser`, as module:name")


@pytest.fixture
def live(pytestconfig: pytest.Config) -> Any:
    """Return the application that `browser` visits."""
    module, _, name = str(pytestconfig.getini("live") or "").partition(":")
    if not module or not name:
        raise pytest.UsageError("no application: define a fixture `live`, or set live = module:name")
    return vars(import_module(module))[name]


@pytest.fixture
def browser(live: Any, request: pytest.FixtureRequest) -> Browser:
    """Return a browser for the application; with JavaScript unless `both_ways` says otherwise.

    Everything is rendered twice and compared. The tabs end with the test's event loop.
    """
    from .browser import Browser

    render_twice(live)
    return Browser(live, js=getattr(request, "param", True))


@pytest.fixture
def live_page_options() -> dict[str, Any]:
    """Return options of Playwright's `launch` for `live_page`; a fixture of the same name replaces them."""
    return {}


@pytest.fixture
async def live_page(live: Any, live_page_options: dict[str, Any]) -> AsyncIterator[LivePage]:
    """Return a tab of Chromium that visits the application, which is served in the test's event loop.

    Everything is rendered twice and compared. The test fails if the console shows an error, or an operation
    has no answer at the end.
    """
    from . import live_page as real
    from .serving import serve

    render_twice(live)
    async with serve(live) as url, real.live_page(url, live_page_options) as tab:
        yield tab
