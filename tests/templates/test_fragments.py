"""Fragments as HTML and as digests, lists above all: both go through a list slot by slot."""

from __future__ import annotations

import random
from typing import Any

import pytest
from markupsafe import Markup

from liveactions.protocol.constants import ITEM_END
from liveactions.templates.digests import CHUNK_ITEMS, digest_of
from liveactions.templates.fragments import Fragment, Items, Kind, Shape

ROW = Shape(
    ('<tr data-l="0"><td title="', '">', "</td>100%</tr>"),
    ('<tr><td title="', '">', "</td>100%</tr>"),
    (Kind.ATTR, Kind.CHILD),
)
RULE = Shape(("<hr>",), ("<hr>",), ())
LIST = Shape(("<table>", "</table>"), ("<table>", "</table>"), (Kind.LIST,))
TEXTS = ("", "plain", "a & b", "<i>", '"', "%s", "100%", "\0", "a\0b", "é", "\ud800", Markup("<b>bold</b>"))


def page(items: list[Fragment]) -> Fragment:
    return Fragment(LIST, (Items(items),))


def row(*values: Any) -> Fragment:
    return Fragment(ROW, values)


@pytest.mark.parametrize("seed", range(30))
def test_a_list_is_written_as_its_items_are(seed: int) -> None:
    chance = random.Random(seed)
    few = chance.sample(TEXTS, 3)  # so that some columns have texts only
    items = [
        Fragment(RULE, ()) if chance.random() < 0.2 else row(*chance.choices(few, k=2))
        for _ in range(chance.randrange(6))
    ]
    assert page(items).plain() == f"<table>{''.join(item.plain() for item in items)}</table>"
    assert (
        page(items).html() == f"<table>{''.join(f'{item.html()}<!--{ITEM_END}-->' for item in items)}</table>"
    )


def test_a_digest_tells_lists_apart() -> None:
    lists = [
        [],
        [row("a", "b")],
        [row("b", "a")],
        [row("a", Markup("b"))],
        [row("a", "b"), row("a", "b")],
        [row("a", "a"), row("b", "b")],
        [row("a", "b"), Fragment(RULE, ())],
        [Fragment(RULE, ()), row("a", "b")],
        [row("a", row("b", "c"))],
    ]
    assert len({digest_of(page(items)) for items in lists}) == len(lists)


@pytest.mark.parametrize("count", [1, CHUNK_ITEMS, CHUNK_ITEMS + 1, 5 * CHUNK_ITEMS])
def test_the_digest_of_a_changed_list_is_that_of_a_new_one(count: int) -> None:
    old = Items([row(str(number), "old") for number in range(count)])
    digest_of(old)
    for changed in {0, count // 2, count - 1}:
        new = Items([*old.fragments])
        new.fragments[changed] = row(str(changed), "new")
        new.base, new.changed = old, [changed]
        assert digest_of(new) == digest_of(Items([*new.fragments])) != digest_of(old)
        old = new
