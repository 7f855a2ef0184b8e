"""A reading list. Its notes open, and its links are copied, by client commands: without a round trip."""

from __future__ import annotations

from dataclasses import dataclass

from liveactions import Bound, Page, Pages, action

pages = Pages()


@dataclass(frozen=True)
class Article:
    id: int
    title: str
    url: str
    note: str


ARTICLES = tuple(
    Article(number, title, f"https://www.rfc-editor.org/rfc/rfc{rfc}", note)
    for number, (title, rfc, note) in enumerate(
        [
            ("HTTP Semantics", 9110, "What a method means, and what may be repeated."),
            ("The WebSocket Protocol", 6455, "The masking is against caches, not against people."),
            ("JSON", 8259, "Five pages are enough."),
            ("Uniform Resource Identifiers", 3986, "Section 5.4 has all the examples."),
        ],
        1,
    )
)


@pages.page("/reading")
class Reading(Page):
    """Articles, those that were read last."""

    template = "reading.html"
    articles: tuple[Article, ...] = ARTICLES
    read: frozenset[int] = frozenset()

    @action
    async def mark(self, id: Bound[int]) -> None:
        self.read ^= {id}
        self.articles = tuple(sorted(self.articles, key=lambda one: (one.id in self.read, one.id)))

    @action
    async def add(self, title: str, url: str) -> None:
        self.articles = (
            Article(max(one.id for one in self.articles) + 1, title, url, "New."),
            *self.articles,
        )
