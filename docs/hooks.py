"""What the site needs besides `docs`: files that its pages link to, live examples, and text for machines.

Pages link to files of the repository as on a code host: `../examples/todos.py`. The site has a copy of each:
Markdown as a page, source with colours, a folder as a list, an image as it is.

The reference shows each example as a live page below its code (`docs.live`); the site has a copy of its HTML.
"""

from __future__ import annotations

import ast
import asyncio
import os
import posixpath
import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # MkDocs loads this module by its path
from docs.app import copies  # noqa: E402
from docs.live import DOCUMENTS, embedded  # noqa: E402
from examples.index import EXAMPLES, Example  # noqa: E402

COPIES: Final = "repository"
"""Folder of the site for copies of the repository's files."""
IN_NAVIGATION: Final = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
"""Files outside `docs` that the navigation names, as `repository/SECURITY.md`."""
LANGUAGES: Final = {
    ".css": "css",
    ".html": "html+jinja",
    ".jinja": "html+jinja",
    ".js": "js",
    ".py": "python",
    ".service": "ini",
    ".toml": "toml",
    ".yaml": "yaml",
    ".conf": "nginx",
}
IMAGES: Final = frozenset({".png", ".svg", ".webp"})
HIDDEN: Final = ("__pycache__", "node_modules", ".db", ".db-shm", ".db-wal")
LISTS: Final = ("CHANGELOG.md", "docs/actions.md", "docs/how-to.md", "docs/reference/index.md")
"""Pages that name everything, so that most searches find them."""
BOOSTS: Final = {**dict.fromkeys(LISTS, 0.5), "docs/api/": 0.5, "docs/reference/": 1.5}
"""How much a search counts words of pages, by the beginning of their path; the first one is used."""
LINK: Final = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?(?=\))")
GALLERY: Final = "::: examples"
"""A line that is replaced by the list of the examples, as `examples.md` has one."""
DOCSTRING: Final = re.compile(r"^::: docstring (\S+)$", re.MULTILINE)
"""A line that is replaced by the docstring of a module, as `reference/protocol.md` has one."""
TABLE: Final = re.compile(r"^(=+) +=+\n(.*?)\n=+ +=+$", re.MULTILINE | re.DOTALL)
"""A table of two columns in a docstring, in reStructuredText's simple syntax."""
FENCED: Final = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
NO_PROSE: Final = "#|!-:<"
FOREIGN: Final = re.compile(
    r'<(?:script|img|iframe|video|link rel="?(?:stylesheet|preconnect))[^>]*="?(?:https?:)?//[^>]*>'
)
EMPTY_HEAD: Final = re.compile(r"<thead>\s*<tr>(\s*<th[^>]*></th>)+\s*</tr>\s*</thead>")
EMPTY_CELL: Final = re.compile(r"<th([^>]*)></th>")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add copies of the files that pages link to, and of those that these link to."""
    todo = [path for file in files.documentation_pages() for path in _linked(f"docs/{file.src_uri}", file)]
    todo += IN_NAVIGATION
    seen: set[str] = set()
    while todo:
        path = todo.pop()
        if path in seen or path.startswith("docs/"):
            continue
        seen.add(path)
        copy = _copy(path, config)
        files.append(copy)
        if path.endswith(".md"):
            todo += _linked(path, copy)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links to files of the repository lead to their copies."""
    base, here = _path_of(page.file), posixpath.dirname(page.file.src_uri)
    if not base.endswith(".md"):
        page.meta["search"] = {"exclude": True}
        return markdown
    boost = next((BOOSTS[beginning] for beginning in BOOSTS if base.startswith(beginning)), 1)
    page.meta["search"] = {"boost": boost}
    if page.file.src_uri in DOCUMENTS:
        markdown = embedded(page.file.src_uri, markdown)
    markdown = markdown.replace("```jinja\n", "```html+jinja\n")
    return LINK.sub(lambda link: _relinked(link, base, here), _expanded(markdown))


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Drop the empty headings of tables, which Markdown requires and screen readers announce."""
    return EMPTY_CELL.sub(r"<td\1></td>", EMPTY_HEAD.sub("", html))


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Name the theme's dialog for screen readers. Raise `PluginError` if a page loads from another host."""
    foreign = FOREIGN.search(output)
    if foreign:
        raise PluginError(f"{page.file.src_uri} loads from another host: {foreign[0]}")
    dialog = 'data-md-component="search" role="dialog"'
    return output.replace(dialog, f'{dialog} aria-label="Search"')


def on_post_build(config: MkDocsConfig) -> None:
    """Write copies of the live examples, and the pages as text for machines."""
    site = Path(config.site_dir)
    # Any key will do: the copies contain nothing that is signed or sealed.
    os.environ.setdefault("LIVEACTIONS_KEY", secrets.token_urlsafe())
    for file, html in asyncio.run(copies(site)).items():
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text(html)
    _write_texts(site, config)


def _write_texts(site: Path, config: MkDocsConfig) -> None:
    """Write `llms.txt`, which lists the pages, and `llms-full.txt`, which has them all."""
    pages: list[Page] = config.extra["pages"]
    lines = [f"# {config.site_name}", "", f"> {config.site_description}", ""]
    for section, members in _by_section(pages):
        lines += [f"## {section}", ""]
        lines += [f"- [{page.title}]({page.file.src_uri}): {_summary(page)}" for page in members] + [""]
    (site / "llms.txt").write_text("\n".join(lines))
    texts = []
    for page in pages:
        text = page.file.content_string
        (site / page.file.src_uri).parent.mkdir(parents=True, exist_ok=True)
        (site / page.file.src_uri).write_text(text)
        texts.append(f"<!-- {page.file.src_uri} -->\n\n{text.rstrip()}\n")
    (site / "llms-full.txt").write_text("\n\n".join(texts))


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Remember the pages in their order."""
    config.extra["pages"] = nav.pages
    return nav


def _by_section(pages: list[Page]) -> Iterator[tuple[str, list[Page]]]:
    sections: dict[str, list[Page]] = {}
    for page in pages:
        titles = [section.title or "" for section in page.ancestors]
        sections.setdefault(titles[-1] if titles else "Start", []).append(page)
    yield from sections.items()


def _expanded(markdown: str) -> str:
    """Replace the lines that are generated: docstrings of modules, and the list of the examples."""
    markdown = DOCSTRING.sub(lambda line: _docstring(ROOT / line[1]), markdown)
    if GALLERY not in markdown:
        return markdown
    cards = "\n".join(map(_card, EXAMPLES))
    return markdown.replace(GALLERY, f'<div class="examples" markdown>\n\n{cards}\n\n</div>')


def _card(example: Example) -> str:
    """Return an item of the list of examples: a picture, what it teaches, its source and its size."""
    links = " · ".join(f"[{name}](../examples/{name})" for name in example.roots)
    size = f"{example.python_lines} lines of Python, {example.template_lines} of templates"
    picture = f"![{example.title}](../examples/static/pictures/{example.name}.webp)"
    return f"- {picture}\n\n    **{example.title}.** {example.teaches}\n\n    {size}: {links}\n"


def _docstring(path: Path) -> str:
    """Return the docstring of a module without its first line, as Markdown."""
    text = (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n")[2].strip()
    text = re.sub(r"^(.+)\n-{3,}$", r"### \1", text, flags=re.MULTILINE)
    return TABLE.sub(lambda table: "\n".join(_rows(table[2], len(table[1]))), text)


def _rows(table: str, width: int) -> Iterator[str]:
    """Yield the lines of a Markdown table. A row of the docstring may have several lines."""
    rows: list[list[str]] = []
    for line in table.splitlines():
        cells = line[:width].strip(), line[width:].strip()
        is_in_code = bool(rows) and rows[-1][0].count("``") % 2 == 1
        if cells[0] and not is_in_code:
            rows.append(["", ""])
        rows[-1] = [f"{before} {cell}".strip() for before, cell in zip(rows[-1], cells, strict=True)]
    yield from ("| | |", "|---|---|")
    yield from (f"| {name} | {text} |" for name, text in rows)


def _summary(page: Page) -> str:
    """Return the first sentence of a page."""
    text = FENCED.sub("", page.file.content_string)
    paragraphs = [part.strip() for part in text.split("\n\n")]
    first = next((part for part in paragraphs if part and part[0] not in NO_PROSE), "")
    plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", " ".join(first.split()))
    return re.split(r"(?<=[.!?]) (?=[A-Z`])", plain)[0]


def _path_of(file: File) -> str:
    """Return the path in the repository that a file of the site has its text from."""
    if not file.src_uri.startswith(f"{COPIES}/"):
        return f"docs/{file.src_uri}"
    path = file.src_uri.removeprefix(f"{COPIES}/")
    return path if (ROOT / path).is_file() else path.removesuffix(".md")


def _linked(path: str, file: File) -> Iterator[str]:
    """Yield the paths of the repository's files that a document links to."""
    for link, _ in LINK.findall(_expanded(file.content_string)):
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
        if (ROOT / target).exists():
            yield target


def _relinked(link: re.Match[str], base: str, here: str) -> str:
    target = posixpath.normpath(posixpath.join(posixpath.dirname(base), link[1]))
    if not (ROOT / target).exists():
        return link[0]  # a dead link: MkDocs reports it
    to = target.removeprefix("docs/") if target.startswith("docs/") else f"{COPIES}/{_name(target)}"
    return posixpath.relpath(to, here or ".") + (link[2] or "")


def _name(path: str) -> str:
    suffix = Path(path).suffix
    return path if suffix in IMAGES or suffix == ".md" else f"{path}.md"


def _copy(path: str, config: MkDocsConfig) -> File:
    source, name = ROOT / path, f"{COPIES}/{_name(path)}"
    if source.suffix in IMAGES:
        return File.generated(config, name, abs_src_path=str(source))
    return File.generated(config, name, content=_text(path), inclusion=InclusionLevel.NOT_IN_NAV)


def _text(path: str) -> str:
    source = ROOT / path
    if source.suffix == ".md":
        return source.read_text()
    if source.is_dir():
        return f"# {path}\n\n" + "\n".join(_listing(source))
    language = LANGUAGES.get(source.suffix, "text")
    fence = "````"
    return f"# {path}\n\n{fence}{language}\n{source.read_text().rstrip()}\n{fence}\n"


def _listing(folder: Path) -> Iterator[str]:
    entries: list[Any] = sorted(folder.iterdir(), key=lambda one: (one.is_dir(), one.name))
    for entry in entries:
        if not entry.name.endswith(HIDDEN):
            yield f"- `{entry.name}{'/' if entry.is_dir() else ''}`"
