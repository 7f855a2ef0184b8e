"""Channels between the workers of an application: `BrokerChannel` for one application, `channels` for all
applications of this process.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from weakref import WeakKeyDictionary, WeakSet

from ..exceptions import SealError
from ..logs import get_logger
from ..security.signing import Sealer
from ..tasks import contained, is_loop_running, running_loop
from .base import Broker, Message, Messages, Receiver, RemoteBroker, pack, unpack

MAX_MESSAGE_AGE: Final = 24 * 3600.0
"""Seconds after which a message is no longer accepted."""
WAIT_SECONDS: Final = 1.0
"""Seconds after which to read a remote broker even if it hasn't reported messages: it may have been
emptied.
"""
RETRY_SECONDS: Final = 0.2
"""Seconds between two attempts to reach a broker that has failed."""
MAX_DELIVERED: Final = 1000
"""Maximum number of delivered messages to remember until the broker returns them."""
IDEMPOTENT: Final = ("tag", "path")
"""Kinds of messages that may be received twice."""
log = get_logger(__name__)


class BrokerChannel:
    """Delivers messages to all listeners, in this process and in the application's other processes.

    Without a broker there are no other processes. Messages are sealed before they are handed to the broker,
    so other applications can neither read nor send them.

    A remote broker is read in a thread. The coroutines `announce` and `caught_up` wait for it without
    blocking the event loop. `publish` and `catch_up` wait for it when they are called from a thread; from an
    event loop, they leave the work to a thread.
    """

    def __init__(self, broker: Broker | None, sealer: Sealer, application: str) -> None:
        self.route: Final = broker and (broker, sealer.key, application)
        """Channels with the same route receive the same messages; None without a broker."""
        self._broker = broker
        self._listener = BrokerListener(broker, self) if isinstance(broker, RemoteBroker) else None
        self._sealer = sealer
        self._context = f"message\n{application}"
        self._listeners: list[Receiver] = []
        self._sending = threading.RLock()
        self._receiving = threading.RLock()
        self._must_send_gap = False
        """Whether other workers have missed messages, so that they must be sent a gap."""
        self._is_cut_off = False
        """Whether messages of other workers can't be received."""
        self._delivered: deque[bytes | None] = deque(maxlen=MAX_DELIVERED)
        """Messages that were delivered here before the broker returned them."""
        self._rounds: WeakKeyDictionary[asyncio.AbstractEventLoop, Rounds] = WeakKeyDictionary()

    @property
    def is_receiving(self) -> bool:
        """Whether messages of other workers can be received."""
        return not self._is_cut_off

    @property
    def is_remote(self) -> bool:
        """Whether messages of other workers come over a network."""
        return self._listener is not None

    def listen(self, receive: Receiver) -> Callable[[], None]:
        """Call `receive` with every message, in any thread, one at a time. Return a function that ends
        this.
        """
        self._listeners.append(receive)
        return lambda: self._listeners.remove(receive) if receive in self._listeners else None

    def publish(self, *messages: Message) -> None:
        """Send messages to all listeners. Those of this process have received them when this returns.

        May be called from any thread. In an event loop, with a remote broker, only messages that may be
        received twice (`IDEMPOTENT`) are delivered before this returns.
        """
        if self._listener is None or not is_loop_running():
            self._publish(*messages)
            return
        self.deliver([message for message in messages if message.kind in IDEMPOTENT])
        self._listener.sender.submit(self._publish, *messages)

    async def announce(self, *messages: Message) -> None:
        """Send messages to all listeners, like `publish`, but wait without blocking the event loop."""
        if self._listener is not None:
            sender = self._listener.sender
            await asyncio.get_running_loop().run_in_executor(sender, self._publish, *messages)
        elif not self._publish_at_once(messages):
            await asyncio.to_thread(self._publish, *messages)

    def catch_up(self) -> None:
        """Receive pending messages, from any thread; in an event loop, only if that needs no network.

        Only the listener retries a broker that is unreachable, so that no other caller has to wait.
        """
        if (
            self._listener is None
            or not is_loop_running()
            and (self._listener.start() or not self._is_cut_off)
        ):
            self.receive()

    async def caught_up(self) -> None:
        """Return when all messages sent before have been received, or if the broker is unreachable."""
        if self._listener is None:
            self.receive()
            return
        if self._listener.start() or not self._is_cut_off:
            loop = asyncio.get_running_loop()
            await self._rounds.setdefault(loop, Rounds(self.receive)).next()

    async def is_reachable(self) -> bool:
        """Return whether the broker is reachable, after receiving what is pending."""
        await self.caught_up()
        return not (self._is_cut_off or self._must_send_gap)

    def close(self) -> None:
        """Stop reading the broker until the channel is used again."""
        if self._listener is not None:
            self._listener.stop()

    def _publish(self, *messages: Message) -> None:
        with self._sending:
            try:
                sent = self._hand_over(messages)
            except Exception as error:  # brokers may raise anything, but no page should fail
                if not self._must_send_gap:  # only the first failure is logged; the listener retries
                    log.error("could not notify other workers: %s", error)
                self._must_send_gap = True
                sent = []
            self._deliver_sent(messages, sent)

    def _publish_at_once(self, messages: Sequence[Message]) -> bool:
        """Publish messages, unless the broker can't take them now. Return whether it has."""
        with self._sending:
            try:
                sent = self._hand_over(messages)
            except Exception:  # `_publish` reports it
                return False
            self._deliver_sent(messages, sent)
        return True

    def _hand_over(self, messages: Sequence[Message]) -> list[bytes]:
        """Hand messages to the broker. Return them sealed; nothing if the broker wasn't called."""
        if self._broker is None or (self._must_send_gap and self._listener is not None and messages):
            return []  # the listener reconnects to the broker; publishers don't wait for it
        due = (None, *messages) if self._must_send_gap else messages
        sealed = [self._seal(message) for message in due]
        if sealed:
            self._broker.publish(sealed)
        self._must_send_gap = False
        return sealed

    def _deliver_sent(self, messages: Sequence[Message], sent: list[bytes]) -> None:
        """Deliver messages in this process, in the broker's order if it returns them."""
        with self._receiving:
            if sent and not (self._is_cut_off and self._listener is not None):
                self.deliver(self._receive())
            if not sent or self._is_cut_off:
                self._delivered.extend(sent)
                self.deliver(messages)

    def receive(self) -> None:
        """Receive pending messages, and send a gap if other workers have missed messages."""
        was_cut_off = self._is_cut_off
        if self._must_send_gap:
            self._publish()
        with self._receiving:
            if self._is_cut_off == was_cut_off or self._listener is None:
                self.deliver(self._receive())
            # Otherwise, another call has failed while this one waited for the lock.

    def check(self) -> None:
        """Find out whether messages can be received although the listener has failed to wait for them. If
        not, neither publishers nor callers of `receive` wait until the listener has reached the broker.
        """
        if not self._is_cut_off:
            self.receive()
        self._must_send_gap |= self._is_cut_off

    def deliver(self, messages: Iterable[Message | None]) -> None:
        """Deliver messages to the listeners of this process."""
        for message in messages:
            for receive in list(self._listeners):
                with contained("receiving a message"):
                    receive(message)

    def _receive(self) -> list[Message | None]:
        if self._broker is None:
            return []
        try:
            messages = self._broker.poll()
            if self._is_cut_off:
                log.warning("messages from other workers are received again")
            self._is_cut_off = False
        except Exception as error:  # as above
            if self._is_cut_off:
                return []
            log.error("could not receive messages from other workers: %s", error)
            self._is_cut_off = True
            return [None]
        return list(self._opened(messages)) if messages else []

    def _seal(self, message: Message | None) -> bytes:
        return self._sealer.seal_bytes(pack(message), self._context)

    def _opened(self, messages: Messages) -> Iterator[Message | None]:
        for sealed in messages:
            if sealed in self._delivered:
                self._delivered.remove(sealed)
                continue
            try:
                yield None if sealed is None else self._open(sealed)
            except SealError:  # a message of another application
                continue
            except (TypeError, ValueError) as error:
                log.error("could not read a message from another worker: %s", error)
                yield None

    def _open(self, sealed: bytes) -> Message | None:
        return unpack(self._sealer.open_bytes(sealed, self._context, MAX_MESSAGE_AGE))


class BrokerListener:
    """The two threads of a remote broker: one receives, one sends what event loops publish."""

    def __init__(self, broker: RemoteBroker, channel: BrokerChannel) -> None:
        self._broker = broker
        self._channel = channel
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._sender: tuple[int, ThreadPoolExecutor] | None = None

    @property
    def sender(self) -> ThreadPoolExecutor:
        """The thread that sends, in order."""
        if self._sender is None or self._sender[0] != os.getpid():  # a fork has no threads
            self._sender = os.getpid(), ThreadPoolExecutor(1, "liveactions-publish")
        return self._sender[1]

    def start(self) -> bool:
        """Start receiving. Return whether it wasn't receiving before."""
        if self._thread is not None and self._thread.is_alive():
            return False
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=self._listen, args=(self._ended,), name="liveactions-listen", daemon=True
        )
        self._thread.start()
        return True

    def stop(self) -> None:
        """Stop receiving, and send what is still pending."""
        self._ended.set()
        if self._sender is not None:
            self._sender[1].shutdown()
            self._sender = None
        self._broker.close()
        self._thread = None

    def _listen(self, ended: threading.Event) -> None:
        self._channel.receive()
        while not ended.is_set():
            try:
                self._broker.wait(WAIT_SECONDS)
            except Exception:
                if not ended.wait(RETRY_SECONDS):
                    self._channel.check()
            else:
                self._channel.receive()


class Rounds:
    """Calls a function in a thread, for callers of one event loop.

    Callers that arrive during a call share the next one, since the running call may have started too early.
    """

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._running: asyncio.Future[None] | None = None
        self._following: asyncio.Future[None] | None = None

    async def next(self) -> None:
        """Return when a call that was started after this one has ended."""
        if self._following is None:
            self._following = asyncio.ensure_future(self._run(self._running))
        await asyncio.shield(self._following)

    async def _run(self, before: asyncio.Future[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        self._running, self._following = self._following, None
        await asyncio.get_running_loop().run_in_executor(None, self._call)


class Channels:
    """The channels of all applications of this process, which share its caches."""

    def __init__(self) -> None:
        self._channels: WeakSet[BrokerChannel] = WeakSet()
        self._listeners: list[Receiver] = []
        self._turn: asyncio.AbstractEventLoop | None = None
        """The event loop that has caught up in its current turn."""
        self._remote: list[BrokerChannel] = []
        """The remote channels, with which this turn hasn't caught up yet."""

    def connect(self, channel: BrokerChannel) -> None:
        """Add a channel. It is removed when its application is garbage collected."""
        channel.listen(self._receive)
        self._channels.add(channel)

    def listen(self, receive: Receiver) -> None:
        """Call `receive` with every message of any channel, in any thread."""
        self._listeners.append(receive)

    def publish(self, *messages: Message) -> None:
        """Send messages on all channels, from any thread; see `BrokerChannel.publish`."""
        channels, done = list(self._channels), set()
        for channel in channels:
            if channel.route in done:
                channel.catch_up()
                continue
            channel.publish(*messages)
            if channel.route is not None:
                done.add(channel.route)
        for message in () if channels else messages:
            self._receive(message)

    async def announce(self, *messages: Message) -> None:
        """Send messages on all channels; see `BrokerChannel.announce`."""
        channels, done = list(self._channels), set()
        for channel in channels:
            if channel.route in done:
                await channel.caught_up()
                continue
            await channel.announce(*messages)
            if channel.route is not None:
                done.add(channel.route)
        for message in () if channels else messages:
            self._receive(message)

    def catch_up(self) -> None:
        """Receive pending messages on all channels; see `BrokerChannel.catch_up`.

        An event loop does so once in each turn: everything that caused its callbacks to run had happened
        before.
        """
        loop = running_loop()
        if loop is not None:
            if self._turn is loop:
                return
            self._turn = loop
            loop.call_soon(self._end_turn)
        channels = list(self._channels)
        self._remote = [channel for channel in channels if channel.is_remote]
        for channel in channels:
            channel.catch_up()

    def _end_turn(self) -> None:
        self._turn, self._remote = None, []

    async def caught_up(self) -> None:
        """Receive pending messages on all channels; see `BrokerChannel.caught_up`."""
        for channel in list(self._channels):
            await channel.caught_up()

    async def caught_up_by_turn(self) -> None:
        """Receive pending messages on all channels, but only once in each turn of the event loop on those
        that need no network, like `catch_up`.
        """
        self.catch_up()
        for channel in self._remote:
            await channel.caught_up()

    def _receive(self, message: Message | None) -> None:
        for receive in self._listeners:
            receive(message)


channels: Final = Channels()
