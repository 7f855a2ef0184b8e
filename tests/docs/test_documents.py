"""Links lead somewhere, and the Python in documents that have no test of their own runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.code import blocks
from liveactions import Live
from liveactions.store.redis import RedisStore

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "examples", "tests")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(path for one in FOLDERS for path in (ROOT / one).rglob("*.md"))])


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links(path: Path) -> None:
    broken = []
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", path.read_text()):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.fixture
def deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Live]:
    """The applications in the documents on deployment."""
    (tmp_path / "static").mkdir()
    (tmp_path / "templates").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIVEACTIONS_KEY", "k" * 32)
    names_of_documents = ("stores.md", "monitoring.md", "deployment.md")
    text = "\n".join((ROOT / "docs" / name).read_text() for name in names_of_documents)
    made = []
    for source in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        names: dict[str, object] = {"__name__": "deployment"}
        exec(compile(source, "deployment.md", "exec"), names)
        assert isinstance(names["live"], Live)
        made.append(names["live"])
    return made


def test_stores_of_clusters(deployed: list[Live]) -> None:
    assert isinstance(deployed[0].site.snapshots.store.store, RedisStore)


def test_static_files_beside_pages(deployed: list[Live]) -> None:
    assert deployed[-1].url_path_for("static", path="style.css") == "/static/style.css"


@pytest.mark.parametrize(
    ("document", "language", "file"),
    [
        ("docker.md", "dockerfile", "Dockerfile"),
        ("systemd.md", "ini", "clicks.service"),
        ("kubernetes.md", "yaml", "kubernetes.yaml"),
        ("proxies.md", "text", "Caddyfile"),
        ("proxies.md", "nginx", "nginx.conf"),
    ],
)
def test_what_is_shown_of_the_files_to_deploy_is_in_them(document: str, language: str, file: str) -> None:
    lines = iter((ROOT / "deploy" / file).read_text().splitlines())
    there = (line.split(" # ")[0].strip() for line in lines)
    shown = [text for kind, text in blocks(document) if kind == language]
    assert len(shown) == 1
    for line in filter(None, map(str.strip, shown[0].splitlines())):
        assert line in there, f"{line} isn't in deploy/{file}, after the lines before it"
