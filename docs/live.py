"""The live examples of the reference: pages made of the code that its entries show.

The Python of each document is one module. On two pages of the reference it has the class of all examples, and
each template of an entry is a page; on the others it has an application, and ``::: live /path`` in an entry
names one of its pages. `docs.app` serves these applications below ``/live``, and the site shows each page in
an ``<iframe>`` below its code. For hosting without the application, the site has `still` copies of the pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from docs.code import DOCS, module
from liveactions import Component, Live, Page

PAGES: Final = {"reference/attributes.md": "Examples", "reference/template-names.md": "Notes"}
"""Documents whose templates are pages, and the class of these pages in their Python."""
DOCUMENTS: Final = (
    *PAGES,
    "reference/decorators.md",
    "reference/fields.md",
    "reference/parameters.md",
    "reference/settings.md",
)
"""Documents with live examples."""
HEADING: Final = re.compile(r"^#{2,3} `?(.+?)`?$", re.MULTILINE)
TEMPLATE: Final = re.compile(r"^```jinja\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DIRECTIVE: Final = re.compile(r"^::: live (/\S*)$", re.MULTILINE)
LAYOUT: Final = (DOCS / "live.html").read_text()
"""The document around a template, with places for its title and its body."""
NOTE: Final = "<footer>A static copy of the page. To try it, run <code>make site</code>.</footer>"
LIVE_PARTS: Final = re.compile(
    r'<script\b.*?</script>\n?|<link rel="modulepreload"[^>]*>|<live-form\b.*?</live-form>'
    r'|<input type="hidden"[^>]*>|<!--.*?-->',
    re.DOTALL,
)
"""What only works in the application: scripts, state, and the marks of slots."""
REFERENCES: Final = re.compile(r' (?:data-l|data-live|live-\w+|action|formaction)="[^"]*"')


@dataclass(frozen=True)
class Example:
    """A live example of an entry: a page, at a path of its document's application."""

    document: str
    entry: str
    path: str
    template: str = ""
    """Its source, where the template itself is the page."""

    @property
    def folder(self) -> str:
        """The folder of the site that its document's application is served at."""
        return f"live/{Path(self.document).stem}"

    @property
    def file(self) -> str:
        """The file of the site that the page is shown from."""
        return f"{self.folder}/{self.path.strip('/') or 'index'}.html"


def _placed(document: str, markdown: str) -> Iterator[tuple[re.Match[str], Example]]:
    """Yield the examples of a document, and where they are."""
    headings = [(heading.start(), heading[1]) for heading in HEADING.finditer(markdown)]
    taken: list[str] = []
    for found in (TEMPLATE if document in PAGES else DIRECTIVE).finditer(markdown):
        entry = [name for start, name in headings if start < found.start()][-1]
        if document not in PAGES:
            yield found, Example(document, entry, found[1])
            continue
        taken.append(entry)
        number = taken.count(entry)
        path = f"/{entry.lstrip('.')}" + (f"-{number}" if number > 1 else "")
        yield found, Example(document, entry, path, found[1])


def examples(document: str) -> list[Example]:
    """Return the live examples of a document."""
    text = (DOCS / document).read_text()
    return [example for _, example in _placed(document, text)]


def embedded(document: str, markdown: str) -> str:
    """Return a document with each live example in an ``<iframe>`` below its code."""
    parts, end = [], 0
    for found, example in _placed(document, markdown):
        code = found[0] if document in PAGES else ""
        title = escape(f"{example.entry}: live example at {example.path}")
        frame = f'<iframe class="live" loading="lazy" title="{title}" src="../{example.file}"></iframe>'
        parts += [markdown[end : found.start()], code, f"\n\n{frame}\n"]
        end = found.end()
    return "".join([*parts, markdown[end:]])


def application(document: str, folder: Path) -> Live:
    """Return the application of a document's examples. Its templates are written to the folder."""
    name = "reference_" + Path(document).stem.replace("-", "_")
    found = module(document, folder, name)
    templates = folder / "templates"
    if document not in PAGES:
        parts = {cls.template for cls in vars(found).values() if _is_part(cls)}
        for path in templates.iterdir():
            if path.name not in parts:
                path.write_text(_in_layout(path.stem, path.read_text()))
        assert isinstance(found.live, Live)
        return found.live
    live = Live(templates, name=name)
    for number, example in enumerate(examples(document)):
        template = f"{example.path.strip('/')}.html"
        (templates / template).write_text(_in_layout(example.entry, example.template))
        names = {"template": template, "__module__": name}
        live.page(example.path)(type(f"Example{number}", (getattr(found, PAGES[document]),), names))
    return live


def _is_part(cls: object) -> bool:
    return isinstance(cls, type) and issubclass(cls, Component) and not issubclass(cls, Page)


def _in_layout(title: str, template: str) -> str:
    if template.startswith("<!doctype"):
        return template
    return LAYOUT.replace("TITLE", escape(title)).replace("BODY", template.strip())


def still(html: str) -> str:
    """Return a copy of a live page that needs no application: its controls do nothing, and a note says so."""
    html = REFERENCES.sub("", LIVE_PARTS.sub("", html))
    html = html.replace("<main>", "<main><div inert>").replace("</main>", "</div></main>")
    return html.replace("</body>", f"{NOTE}</body>")
