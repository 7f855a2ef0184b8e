"""Patches of slots: exactly what changed, nothing else."""

from __future__ import annotations

from tests.client.conftest import Open


def test_text_among_siblings(open_page: Open) -> None:
    page, server = open_page("<p>Hello <!--(-->Ada<!--)-->!</p>")
    server.patch([0, "Grace"])
    assert page.inner_html("p") == "Hello <!--(-->Grace<!--)-->!"
    server.patch([0, ""])
    assert page.inner_html("p") == "Hello <!--(--><!--)-->!"
    server.patch([0, "a <b>"])
    assert page.inner_html("p") == "Hello <!--(-->a &lt;b&gt;<!--)-->!"


def test_whole_content_and_attributes(open_page: Open) -> None:
    page, server = open_page('<p class="a" data-l="class * .">x</p>')
    server.patch([0, "b", 1, ["hidden", "", "lang", "en"], 2, "y"])
    assert page.inner_html("body") == '<p class="b" data-l="class * ." hidden="" lang="en">y</p>'
    server.patch([0, None, 1, ["lang", "de"]])
    assert page.inner_html("body") == '<p data-l="class * ." lang="de">y</p>'
