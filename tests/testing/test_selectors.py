"""Selectors of tests, against lists that are known."""

from __future__ import annotations

import pytest

from liveactions.testing.dom import parse
from liveactions.testing.selectors import select

ROOT = parse(
    "<!doctype html><html><body><ul id=a class='one two'><li>1<li class=x>2<li data-k='v w'>3</ul>"
    "<p>4</p><p id=b>5 <b>6</b></p><div><p>7</p></div></body></html>"
)


@pytest.mark.parametrize(
    ("css", "texts"),
    [
        ("li", "1 2 3"),
        ("ul.one.two#a > li.x", "2"),
        ("li:nth-child(2), b", "2 6"),
        ("li:not(.x)", "1 3"),
        ("[data-k~=w]", "3"),
        ("[data-k^='v '], [data-k$=nothing]", "3"),
        ("p + p b", "6"),
        ("ul ~ p", "4 5 6"),
        ("body > p:first-child", ""),
        ("div p:only-child", "7"),
        ("*.x", "2"),
        ("li:nth-child(odd)", "1 3"),
    ],
)
def test_elements_that_a_selector_means(css: str, texts: str) -> None:
    assert " ".join(" ".join(element.text for element in select(ROOT, css)).split()) == texts


@pytest.mark.parametrize("css", ["", "p:hover", "p >", ", p", "p[", "!"])
def test_what_is_no_selector(css: str) -> None:
    with pytest.raises(ValueError):
        select(ROOT, css)
