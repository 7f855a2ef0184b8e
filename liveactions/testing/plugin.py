"""The pytest plugin: the fixture `browser`, for tests that are coroutines.

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

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from ..templates import Templates
from .clock import endpoints

if TYPE_CHECKING:
    from .browser import Browser


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
