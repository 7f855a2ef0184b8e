"""Delivers messages of all workers to the open pages that they concern.

A page subscribes to the cache tags that it has read, and to the topics of its components' listeners.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from typing import Final

from ..cache.tags import matches
from ..exceptions import REPLACED
from ..execution.loading import mark_stale
from ..execution.run import PageRun
from ..pages.component import Component, components_of
from ..pages.description import Listener
from ..pages.page import Page
from ..protocol.constants import CLOSE_OVER
from ..pubsub.base import Message
from ..pubsub.channel import BrokerChannel
from ..tasks import Supervisor, contained
from ..types import Outcome
from .op_queue import ServerOp
from .state import SessionState

MAX_MISSED_MESSAGES: Final = 1000
"""Messages that are kept for pages that catch up. A page that has missed more loads everything again."""
SIGN_OUT_DELAY: Final = 0.7
"""Seconds between signing out and the end of the visitor's pages. Pages that end load again at once, and by
then the browser must have the new cookies.
"""


class SubscriptionIndex:
    """The open pages of a worker, by the tags and topics that they listen to.

    Messages may arrive in any thread, and are delivered in that of the event loop. `position` counts them.
    """

    def __init__(self, channel: BrokerChannel, pages: Callable[[], Iterable[Subscriptions]]) -> None:
        self._channel = channel
        self._pages = pages
        self._by_key: dict[str, set[Subscriptions]] = {}
        self._log: deque[Message | None] = deque(maxlen=MAX_MISSED_MESSAGES)
        self._inbox: deque[Message | None] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: Callable[[], object] | None = None
        self.position = 0
        self.gaps = 0
        """How often messages were lost."""

    async def open(self) -> None:
        """Start delivering messages, in the running event loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self.close()
            await self._channel.caught_up()  # older messages don't concern pages that open from now on
            if self._loop is not loop:  # else another page was opened meanwhile
                self._loop, self._stop = loop, self._channel.listen(self._on_broker_message)

    def close(self) -> None:
        """Stop delivering, and drop undelivered messages: pages that open later don't need them."""
        if self._stop is not None:
            self._stop()
        self._loop = self._stop = None
        self._inbox.clear()

    def replace_keys(self, page: Subscriptions, old: frozenset[str], new: frozenset[str]) -> None:
        """Replace the keys that a page listens to."""
        for key in old - new:
            pages = self._by_key[key]
            pages.discard(page)
            if not pages:
                del self._by_key[key]
        for key in new - old:
            self._by_key.setdefault(key, set()).add(page)

    def since(self, position: int) -> list[Message | None]:
        """Return the messages after a position; only a gap (None) if some of them are no longer kept."""
        missed = self.position - position
        if not missed:
            return []
        return list(self._log)[-missed:] if missed <= len(self._log) else [None]

    def _on_broker_message(self, message: Message | None) -> None:
        if message is not None and message.kind in ("presence", "worker"):  # not for pages
            return
        self._inbox.append(message)
        try:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._deliver)
        except RuntimeError:  # that loop has ended
            self.close()

    def _deliver(self) -> None:
        while self._inbox:
            message = self._inbox.popleft()
            self._log.append(message)
            self.position += 1
            self.gaps += message is None
            for page in list(self._concerned(message)):
                with contained("%s: receiving a message", page.state.name):
                    page.on_message(message)

    def _concerned(self, message: Message | None) -> Iterable[Subscriptions]:
        if message is not None and message.kind in ("tag", "topic"):
            return self._by_key.get(key_of(message), ())
        return (one for one in self._pages() if one.is_concerned(message))


def key_of(message: Message) -> str:
    """Return the key that pages listen to for a message."""
    return f"{message.kind} {message.name}"


def keys_of(kind: str, names: Iterable[str]) -> Iterator[str]:
    return (f"{kind} {name}" for name in names)


class Subscriptions:
    """The subscriptions of one page. However many messages arrive at once, the page only loads again once.

    `submit` enqueues an operation, `disconnect` closes the page's connection with a code and a reason, and
    `end` ends the page of an identity when its operations have ended.
    """

    def __init__(
        self,
        state: SessionState,
        subscription_index: SubscriptionIndex,
        tasks: Supervisor,
        submit: Callable[[ServerOp], None],
        disconnect: Callable[[int, str], None],
        end: Callable[[str], Awaitable[None]],
    ) -> None:
        self.state = state
        self.subscription_index = subscription_index
        self._tasks = tasks
        self._submit = submit
        self._disconnect = disconnect
        self._end = end
        self.keys: frozenset[str] = frozenset()
        """The keys that the page is subscribed to, of tags and topics."""
        self._names: tuple[frozenset[str], list[str]] = frozenset(), []
        """The tags and topics of `keys`, as the page names them."""
        self._tags: set[str] = set()
        """The tags that are out of date."""
        self._everything = False
        self._is_queued = False
        """Whether an operation that loads the page again is in the queue."""

    @property
    def is_behind(self) -> bool:
        """Whether the page is out of date."""
        return self._everything or bool(self._tags)

    def is_concerned(self, message: Message | None) -> bool:
        """Return whether a message concerns what the page shows, or its visitor.

        Messages of a topic don't: listeners only receive what is published while the page is subscribed.
        """
        if message is None:
            return True
        if message.kind == "path":
            return matches(message, self.state.page.live.own_path)
        if message.kind == "user":
            return message.name == self.state.identity
        return message.kind == "tag" and message.name in self._names[0]

    def on_message(self, message: Message | None) -> None:
        """Act on a message: load what it revalidates, run listeners, or end a page that was signed out.

        A page without a connection loads when it has one again.
        """
        if message is not None and message.origin == self.state.key:
            return  # this page has published it, and shows it already
        if message is None:
            self._reconnect()
            self._everything = True
        elif message.kind == "topic":
            self._run_listeners(message)
            return
        elif message.kind == "user":
            self._tasks.start(self._end_soon(message.name))
            return
        elif message.kind == "tag":
            self._tags.add(message.name)
        else:
            self._everything = True
        self.catch_up()

    async def _end_soon(self, identity: str) -> None:
        """End the page of a visitor who was signed out, after a delay. The page that has signed out continues
        without an identity.
        """
        await asyncio.sleep(SIGN_OUT_DELAY)
        await self._end(identity)

    def _reconnect(self) -> None:
        """Make the page reconnect after a gap, in which its visitor may have been signed out."""
        if self.state.identity:
            self._disconnect(REPLACED, "the visitor may have been signed out")

    def _run_listeners(self, message: Message) -> None:
        for component, listener, topic in _listeners(self.state.page):
            if topic == message.name:
                data = dict(message.data)
                run = partial(
                    PageRun.run_listener, function=listener.function, component=component, data=data
                )
                self._submit(ServerOp(run, merges=True))

    def mark_all_stale(self) -> None:
        """Load everything again at the next `catch_up`."""
        self._everything = True

    def catch_up(self) -> None:
        """Load what is out of date, if the page is connected."""
        if self.is_behind and not self._is_queued and self.state.is_attached:
            self._is_queued = True
            self._submit(ServerOp(self._load_again))

    def listen(self, since: int) -> None:
        """Subscribe to what the page has read by now, and act on messages since a position."""
        page = self.state.page
        tags, topics = tags_read(page), [topic for _, _, topic in _listeners(page)]
        if (tags, topics) != self._names:
            self._names = tags, topics
            self._subscribe(frozenset(keys_of("tag", tags)).union(keys_of("topic", topics)))
        for message in self.subscription_index.since(since):
            if self.is_concerned(message):
                self.on_message(message)

    def close(self) -> None:
        """Cancel all subscriptions."""
        self._names = frozenset(), []
        self._subscribe(frozenset())

    def _subscribe(self, keys: frozenset[str]) -> None:
        if keys != self.keys:
            self.subscription_index.replace_keys(self, self.keys, keys)
            self.keys = keys

    async def _load_again(self, run: PageRun) -> Outcome | None:
        self._is_queued = False
        mark_stale(self.state.page, None if self._everything else frozenset(self._tags))
        self._tags, self._everything = set(), False
        refused = await run.guard()
        if refused is not None:
            self._disconnect(CLOSE_OVER, "no longer allowed")  # the page's GET shows why
        return refused


def tags_read(page: Page) -> frozenset[str]:
    """Return the tags that the page has read for what it shows now. Forget those of removed components."""
    reads = page.live.reads
    if len(reads) > 1 and page._live_record.description.children:
        here = {page.live.kept, *(component._live_record for component in components_of(page))}
        for gone in [who for who in reads if who is not None and who not in here]:
            del reads[gone]
    return frozenset().union(*reads.values())


def _listeners(page: Page) -> Iterator[tuple[Component, Listener, str]]:
    """Yield the page's listeners with their topics. Skip those without one; log errors."""
    for component in components_of(page):
        for listener in component._live_record.description.listeners:
            topic = None
            with contained("the topic %r of %s", listener.topic, listener.function.__qualname__):
                topic = listener.topic_of(component)
            if topic is not None:
                yield component, listener, topic
