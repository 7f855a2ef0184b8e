"""What a session has heard of since its page was last loaded."""

from __future__ import annotations

from ..cache.broker import Message
from ..cache.paths import matches
from ..ops.loading import components_of, outdate
from ..pages.page import Page


class Heard:
    """Collects messages until the page reads again: once, however many there were."""

    def __init__(self) -> None:
        self._tags: set[str] = set()
        self._everything = False

    def __bool__(self) -> bool:
        return self._everything or bool(self._tags)

    def add(self, message: Message | None) -> None:
        if message is not None and message.kind == "tag":
            self._tags.add(message.name)
        else:
            self._everything = True

    def take(self, page: Page) -> None:
        """Note where the page's `load` is due; nothing is left to hear of."""
        outdate(page, None if self._everything else frozenset(self._tags))
        self._tags, self._everything = set(), False


def concerns(message: Message | None, path: str, tags: frozenset[str]) -> bool:
    """Whether a page at a path that has read these tags is out of date by a message."""
    if message is None:
        return True
    if message.kind == "path":
        return matches(message, path)
    return message.kind == "tag" and message.name in tags


def tags_read(page: Page) -> frozenset[str]:
    """What the page has read for what it shows now."""
    reads = page.live.reads
    if len(reads) > 1 and page._live_node.description.children:
        here = {component._live_node for component in components_of(page)}
        for gone in [who for who in reads if who is not None and who not in here]:
            del reads[gone]
    return frozenset().union(*reads.values())
