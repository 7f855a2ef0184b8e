from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from liveactions.cli.application import LoadError, load

PAGE = """
from liveactions import Live, Page
live = Live(templates=".")

@live.page("/")
class Home(Page):
    template = "home.html"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder, as the current one; its modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delenv("LIVEACTIONS_APP", raising=False)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_app_py_is_the_default(folder: Path) -> None:
    (folder / "app.py").write_text(PAGE)
    loaded = load(None)
    assert loaded.spec == "app:live" and loaded.lives == (loaded.app,)


def test_the_environment_names_the_application(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "shop.py").write_text(PAGE.replace("live = Live", "pages = Live").replace("@live", "@pages"))
    monkeypatch.setenv("LIVEACTIONS_APP", "shop")
    assert load(None).spec == "shop:pages"


def test_pages_installed_in_another_application(folder: Path) -> None:
    (folder / "main.py").write_text(
        PAGE + "\nfrom fastapi import FastAPI\napp = FastAPI()\nlive.install(app)\n"
    )
    loaded = load(None)
    assert loaded.spec == "main:app" and [type(live).__name__ for live in loaded.lives] == ["Live"]


def test_mounted_pages(folder: Path) -> None:
    mounted = "from starlette.applications import Starlette\nfrom starlette.routing import Mount\n"
    (folder / "app.py").write_text(PAGE + mounted + 'app = Starlette(routes=[Mount("/x", live)])\n')
    assert len(load("app:app").lives) == 1


@pytest.mark.parametrize(
    ("source", "spec", "message"),
    [
        ("", None, "no app.py or main.py"),
        ("", "nowhere", "no module named 'nowhere'"),
        ("x = 1", "app:x", "has no live pages"),
        ("x = 1", "app:y", "no attribute 'y'"),
        ("x = 1", "app", "no application"),
    ],
)
def test_what_cannot_be_loaded(folder: Path, source: str, spec: str | None, message: str) -> None:
    if source:
        (folder / "app.py").write_text(source)
    with pytest.raises(LoadError, match=message):
        load(spec)


def test_several_applications_must_be_named(folder: Path) -> None:
    (folder / "app.py").write_text("from liveactions import Live\none = Live('.')\ntwo = Live('.')\n")
    with pytest.raises(LoadError, match="several .one, two.: write app:name"):
        load(None)


def test_an_error_in_the_application_is_not_hidden(folder: Path) -> None:
    (folder / "app.py").write_text("import a_module_that_is_not_there")
    with pytest.raises(ModuleNotFoundError, match="a_module_that_is_not_there"):
        load(None)
