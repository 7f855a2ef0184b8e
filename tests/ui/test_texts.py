"""`ui.highlight` and `ui.markdown`: safe HTML, with optional packages and without them."""

from __future__ import annotations

import sys
from cProfile import Profile

import pytest
from markupsafe import Markup

from liveactions import ui
from liveactions.ui.markdown import _markdown


def test_highlighted_code() -> None:
    assert ui.highlight("x = 1 < 2", "python") == Markup(
        '<span class="n">x</span> <span class="o">=</span> <span class="mi">1</span>'
        ' <span class="o">&lt;</span> <span class="mi">2</span>'
    )
    assert Markup(ui.highlight("\n  a\n\n", "text")).striptags() == "a", "white space stays"
    assert ui.highlight("\n  a\n\n", "text") == "\n  a\n\n"


@pytest.mark.parametrize("language", ["", "nonsense", "../x", "<b>"])
def test_unknown_languages(language: str) -> None:
    assert ui.highlight("<b>&", language) == Markup("&lt;b&gt;&amp;")


def test_code_without_pygments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygments", None)
    assert ui.highlight("x < 1", "python") == Markup("x &lt; 1")


def test_markdown() -> None:
    assert ui.markdown("# A *b*\n\n| x |\n|---|\n| 1 |").startswith("<h1>A <em>b</em></h1>\n<table>")
    assert '<code class="language-python"><span class="n">x</span>' in ui.markdown("```python\nx\n```")
    assert ui.markdown("```\n<b>\n```") == Markup("<pre><code>&lt;b&gt;\n</code></pre>\n")


def test_cells_are_aligned_without_styles() -> None:
    html = ui.markdown("| a | b | c |\n|:-|-:|-|\n| 1 | 2 | 3 |")
    assert '<th align="left">a</th>\n<th align="right">b</th>\n<th>c</th>' in html
    assert '<td align="right">2</td>' in html and "style=" not in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](vbscript:x)",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "<javascript:alert(1)>",
        "![x](https://tracker.example/pixel.gif)",
        "```<script>\n<script>\n```",
        '```x"onmouseover="alert(1)\nx\n```',
        '[x](https://e.example "onclick=\\"alert(1)")',
    ],
)
def test_markdown_from_strangers(text: str) -> None:
    html = ui.markdown(text).lower()
    assert "<script" not in html and "<img" not in html and '"onmouseover' not in html
    assert 'href="javascript' not in html and 'href="vbscript' not in html and 'href="data' not in html
    assert '" onclick' not in html and ' onclick="' not in html


def test_images_are_opt_in() -> None:
    assert ui.markdown("![A cat](/cat.png)", images=True) == Markup(
        '<p><img src="/cat.png" alt="A cat"></p>\n'
    )
    assert "<img" not in ui.markdown("![A cat](/cat.png)")


@pytest.mark.slow
@pytest.mark.parametrize("brackets", ["[", "![", "[a][", "[\n"])
def test_unclosed_brackets_take_about_as_long_as_other_markdown(brackets: str) -> None:
    def calls(unit: str) -> int:
        profile = Profile()
        profile.runcall(ui.markdown, (unit * 2000)[:2000])
        return sum(entry.callcount for entry in profile.getstats())

    ui.markdown("")  # the parser is created once
    assert calls(brackets) < 4 * calls("- a\n")


def test_highlighted_code_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pygments takes minutes for 60,000 empty lines of C."""
    monkeypatch.setattr(sys.modules[_markdown.__module__], "MAX_CODE", 10)
    blocks = ("int 456789", "int 4567", "1", "int a", "2")
    html = ui.markdown("".join(f"```c\n{code}\n```\n" for code in blocks))
    assert [code for code in blocks if f"<pre><code>{code}\n" in html] == ["int 456789", "int a"]
    assert html.count('<code class="language-c"><span') == 3


def test_nested_lists() -> None:
    levels = ["  " * depth + "- a\n" for depth in range(9)]
    assert ui.markdown("".join(levels)).count("<li>a") == 9


def test_markdown_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    _markdown.cache_clear()
    monkeypatch.setitem(sys.modules, "markdown_it", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"ui.markdown needs the package markdown-it-py: pip install"
    ):
        ui.markdown("x")
