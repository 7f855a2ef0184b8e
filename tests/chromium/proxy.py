"""A TCP link with a delay, which can be cut at any byte."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Proxy:
    """Forwards connections to a port of this machine, from a thread and event loop of its own.

    `delay` is in seconds, each way. While `cuts` is true, every WebSocket connection is reset after a
    random number of bytes, counted over both directions: in a handshake, in a frame, between two; so is every
    connection that begins with operations sent by fetch, whose answer may be a stream of events. While
    `blocks` is true, handshakes are answered with 403, as some companies' proxies do.
    """

    def __init__(
        self,
        target: int,
        *,
        delay: float = 0.0,
        cuts: bool = False,
        blocks: bool = False,
        seed: int = 0,
    ) -> None:
        self.target = target
        self.delay = delay
        self.cuts = cuts
        self.blocks = blocks
        self.blocked_count = 0
        self.seed = seed
        self.cut_count = 0
        self._random = random.Random(seed)
        self._writers: set[asyncio.StreamWriter] = set()
        self._links: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        listening = asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result()
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _close(self) -> None:
        self._server.close()
        self._drop()
        await asyncio.gather(*self._links, return_exceptions=True)

    def drop(self) -> None:
        """Reset all connections now."""
        self._loop.call_soon_threadsafe(self._drop)

    def _drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._link(reader, writer))
        self._links.add(task)
        task.add_done_callback(self._links.discard)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._writers |= ends
        first = await reader.read(65536)
        if self.blocks and b"upgrade: websocket" in first.lower():
            self.blocked_count += 1
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            far_writer.transport.abort()
            writer.close()
            return
        budget = Budget(self._pick_budget(first))
        up = self._pump(reader, far_writer, budget, first)
        down = self._pump(far_reader, writer, budget, b"")
        await asyncio.gather(up, down, return_exceptions=True)
        self._writers -= ends
        for end in ends:
            end.transport.abort()

    def _pick_budget(self, first: bytes) -> float:
        """Bytes that this connection lives for. Short lives often, long ones sometimes."""
        head = first.lower()
        if not (self.cuts and (b"upgrade: websocket" in head or b"\r\nlive-ops:" in head)):
            return float("inf")
        return len(first) + self._random.choice([self._random.randrange(400), self._random.randrange(6000)])

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, budget: Budget, data: bytes
    ) -> None:
        while data := data or await reader.read(65536):
            kept = data[: budget.take(len(data))]
            self._loop.call_later(self.delay, self._write, writer, kept, budget.spent)
            if budget.spent:
                self.cut_count += 1
                await asyncio.sleep(self.delay)
                break
            data = b""
        await asyncio.sleep(self.delay)
        writer.close()

    @staticmethod
    def _write(writer: asyncio.StreamWriter, data: bytes, last: bool) -> None:
        if not writer.transport.is_closing():
            writer.write(data)
            if last:
                writer.close()


class Budget:
    """The bytes that are left to both directions of a connection."""

    def __init__(self, left: float) -> None:
        self.left = left

    @property
    def spent(self) -> bool:
        return self.left <= 0

    def take(self, wanted: int) -> int:
        """As many of the wanted bytes as are left."""
        taken = int(min(wanted, self.left))
        self.left -= wanted
        return max(taken, 0)


@contextmanager
def link(target: int, **options: float | bool | int) -> Iterator[Proxy]:
    """A started proxy to a port; prints the seed, so that a failure can be repeated."""
    proxy = Proxy(target, **options)  # type: ignore[arg-type]
    print(f"proxy with seed {proxy.seed}")
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
