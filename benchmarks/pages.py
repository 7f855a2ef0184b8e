"""Create ten pages of different kinds from documents, source code and pages of the examples."""

from __future__ import annotations

import inspect
import io
import tokenize
from collections.abc import Iterator
from html import escape
from math import cos, sin
from pathlib import Path

from markdown_it import MarkdownIt
from starlette.testclient import TestClient

from examples.app import live
from liveactions.html import tokenizer as scanner

DOCS = Path(__file__).parent.parent / "docs"


def pages() -> dict[str, str]:
    """Return the content of the pages' bodies, by kind."""
    with TestClient(live) as client:
        form = _body(client.get("/signup").text)
        people = _body(client.get("/people").text)
    return {
        "article": _markdown((DOCS / "architecture.md").read_text()[:16_000]),
        "tables of a reference": _markdown((DOCS / "reference" / "attributes.md").read_text()),
        "big table": "".join(_table(150)),
        "nested lists": f"<ul>{''.join(_classes(BaseException))}</ul>",
        "form": form,
        "filtered list": people,
        "SVG": "".join(_chart(120)),
        "deeply nested": "".join(_nested(40)),
        "much inline markup": f"<pre>{''.join(_code(inspect.getsource(scanner)[:6000]))}</pre>",
        "cards": "".join(_cards(40)),
    }


def _body(page: str) -> str:
    return page.split("<body>", 1)[1].split("</body>", 1)[0]


def _markdown(source: str) -> str:
    return str(MarkdownIt("commonmark").enable("table").render(source))


def _table(rows: int) -> Iterator[str]:
    yield '<table class="numbers">\n'
    yield "<thead><tr><th>n</th><th>square</th><th>words</th></tr></thead>\n<tbody>\n"
    for n in range(rows):
        chosen = " class='chosen'" if n == 7 else ""
        yield f"<tr id='n{n}'{chosen}><td>{n}</td><td>{n * n}</td><td>the square of {n}</td></tr>\n"
    yield "</tbody>\n</table>"


def _classes(cls: type[BaseException]) -> Iterator[str]:
    known = [one for one in cls.__subclasses__() if one.__module__ == "builtins"]
    yield f'<li><a href="#{cls.__name__}">{cls.__name__}</a> {escape((cls.__doc__ or "-").splitlines()[0])}'
    if known:
        yield "\n<ul>"
        for one in known:
            yield from _classes(one)
        yield "</ul>\n"
    yield "</li>\n"


def _chart(points: int) -> Iterator[str]:
    yield '<svg viewBox="0 0 800 400" role="img"><title>Chart</title>\n'
    yield '<g class="line" stroke="#369" fill="none">\n'
    for n in range(points):
        x, y = 5 + n * 6.5, 200 + 150 * sin(n / 9) * cos(n / 31)
        yield f'<circle cx="{x:.1f}" cy="{y:.2f}" r="3"></circle>\n'
        if n % 10 == 0:
            yield f'<text x="{x:.1f}" y="390" text-anchor="middle">{n}</text>\n'
    yield "</g>\n</svg>"


def _nested(depth: int) -> Iterator[str]:
    for n in range(depth):
        yield f'<div class="level-{n} box"><span>Level {n}</span>\n'
    yield "<p>The innermost one.</p>"
    yield "</div>\n" * depth


def _code(source: str) -> Iterator[str]:
    kinds = {
        tokenize.NAME: "n",
        tokenize.OP: "o",
        tokenize.STRING: "s",
        tokenize.COMMENT: "c",
        tokenize.NUMBER: "m",
    }
    at = (1, 0)
    lines = source.splitlines(keepends=True)
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type in kinds:
                yield escape(_between(lines, at, token.start))
                yield f'<span class="{kinds[token.type]}">{escape(token.string)}</span>'
                at = token.end
    except tokenize.TokenError:  # it was cut somewhere
        return


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]]
    return (
        lines[start[0] - 1][start[1] :] + "".join(lines[start[0] : end[0] - 1]) + lines[end[0] - 1][: end[1]]
    )


def _cards(count: int) -> Iterator[str]:
    yield '<section class="grid">\n'
    for n in range(count):
        state = "in stock" if n % 3 else "sold out"
        yield (
            f'<article class="card" data-key="{n}"><img src="/img/{n}.jpg" alt="Thing {n}" width="200">'
            f'<h2><a href="/things/{n}">Thing number {n}</a></h2><p>It costs <b>{n * 7 % 100}.50</b> and is'
            f' <i>{state}</i>.</p><button name="buy" value="{n}">Buy</button></article>\n'
        )
    yield "</section>"
