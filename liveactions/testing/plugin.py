"""What pytest gets from an installed liveactions: `browser`, for tests that are coroutines.

The application comes from a fixture of the name `live`, which a ``conftest.py`` defines::

    @pytest.fixture
    def live() -> Live:
        return shop.live

or from pytest's settings: ``live = "shop:live"``. Any plugin that runs coroutines will do
(pytest-asyncio, anyio).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .browser import Browser


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("live", "the live application for `browser`, as module:name")


@pytest.fixture
def live(pytestconfig: pytest.Config) -> Any:
    """The application that `browser` visits."""
    module, _, name = str(pytestconfig.getini("live") or "").partition(":")
    if not module or not name:
        raise pytest.UsageError("which application? Define a fixture `live`, or set live = module:name")
    return vars(import_module(module))[name]


@pytest.fixture
def browser(live: Any, request: pytest.FixtureRequest) -> Browser:
    """A person's browser at the application; with JavaScript unless `both_ways` says otherwise.

    Every render is done twice and compared. Its tabs end with the test's event loop.
    """
    from .browser import Browser
    from .twice import render_twice

    render_twice(live)
    return Browser(live, js=getattr(request, "param", True))
