"""A broker that uses a stream in Redis or Valkey, version 7 or newer.

Pub/Sub loses messages silently; a stream keeps them for a while. A worker remembers the last message that it
has read, and reads from that one on. If it is no longer there, because the stream was trimmed or emptied, or
because another server has taken over, other messages may have been lost, too.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from ..exceptions import StoreError
from ..store.base import backoff
from ..store.redis import TRANSIENT, Script, check_url, is_refusal
from .base import GAP, Messages

try:
    import redis.exceptions as errors
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ImportError as error:  # pragma: no cover
    raise ImportError("a Redis broker needs redis-py: pip install 'liveactions[redis]'") from error

T = TypeVar("T")
CALL_TIMEOUT = 5.0
"""Seconds that a call waits for a server that hangs or is unreachable."""
MAX_MESSAGES = 10_000
"""Approximate number of messages in the stream. A worker that falls behind by more receives a gap."""
STREAM_MS: Final = 24 * 3600 * 1000
"""Milliseconds for which a stream is kept that isn't read."""
SENT_MS: Final = 60_000
"""Milliseconds for which messages that are sent again are recognised."""
PUBLISH: Final = Script("""
if redis.call('SET', KEYS[2], '', 'NX', 'PX', ARGV[1]) then
    for i = 3, #ARGV do redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'm', ARGV[i]) end
end
""")
READ: Final = Script("""
local found = redis.call('XRANGE', KEYS[1], ARGV[1], '+')
if #found == 0 or (ARGV[2] ~= '' and found[1][2][2] ~= ARGV[2]) then
    if redis.call('XLEN', KEYS[1]) == 0 then redis.call('XADD', KEYS[1], '*', 'blank', ARGV[3]) end
    found = redis.call('XRANGE', KEYS[1], '-', '+')
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return found
""")
Entry = tuple[bytes, list[bytes]]
Connect = Callable[[], Any]
"""Creates a client of `redis`: of a Sentinel's master, or of a cluster."""


class RedisBroker:
    """A broker for all processes that use the same `prefix` on the same server.

    It takes URLs as `RedisStore` does. For Sentinel and clusters pass a function that makes a client of
    `redis`, which isn't asynchronous: a broker is listened to in a thread. Raise `ValueError` for a URL that
    redis-py doesn't take.
    """

    def __init__(self, server: str | Connect, prefix: str = "liveactions") -> None:
        if isinstance(server, str):
            check_url(server, Redis)
        self._server = server
        self._prefix = b"{%b}:" % prefix.encode()
        self._stream = self._prefix + b"messages"
        self._position, self._last = b"-", b""
        """The id of the last message that was read, and the message; that of an empty stream is random."""
        self._client: Any = None
        self._lock = threading.Lock()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RedisBroker) and other._address == self._address

    def __hash__(self) -> int:
        return hash(self._address)

    @property
    def _address(self) -> tuple[str | Connect, bytes]:
        return self._server, self._prefix

    def publish(self, messages: Sequence[bytes]) -> None:
        keys = self._stream, self._prefix + b"sent:" + secrets.token_bytes(12)
        self._eval(PUBLISH, keys, (SENT_MS, MAX_MESSAGES, *messages))

    def poll(self) -> Messages:
        before, last = self._position, self._last
        found: list[Entry] = self._eval(
            READ, [self._stream], (before, last, secrets.token_bytes(8), STREAM_MS)
        )
        self._position, (_, self._last) = found[-1]
        if before == b"-":
            return [GAP]
        if (found[0][0], found[0][1][1]) == (before, last):
            return [message for _, (_, message) in found[1:]]
        return [GAP, *(message for _, (kind, message) in found if kind == b"m")]

    def wait(self, seconds: float) -> None:
        """Return when there is a message after the last one that was read."""
        milliseconds = round(1000 * min(seconds, CALL_TIMEOUT / 2))
        what: Sequence[Any] = ["PING"]
        if self._position != b"-":
            what = "XREAD", "COUNT", 1, "BLOCK", milliseconds, "STREAMS", self._stream, self._position
        self._run(lambda: self._redis().execute_command(*what))

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _eval(self, script: Script, keys: Sequence[bytes], values: Sequence[bytes | int]) -> Any:
        arguments = len(keys), *keys, *values
        try:
            return self._run(lambda: self._redis().execute_command("EVALSHA", script.digest, *arguments))
        except errors.NoScriptError:
            return self._run(lambda: self._redis().execute_command("EVAL", script.text, *arguments))

    def _run(self, call: Callable[[], T]) -> T:
        """Call the server. Retry if the connection is lost, for `CALL_TIMEOUT` seconds."""
        waits = backoff(CALL_TIMEOUT)
        while True:
            try:
                return call()
            except errors.NoScriptError:
                raise
            except TRANSIENT as error:
                pause = None if is_refusal(error) else next(waits, None)
                if pause is None:
                    raise StoreError(f"Redis: {error}") from error
                if isinstance(error, errors.ReadOnlyError) and isinstance(self._server, str):
                    self.close()  # its name may be another server's now
            except errors.RedisError as error:
                raise StoreError(f"Redis: {error}") from error
            time.sleep(pause)

    def _redis(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> Any:
        if not isinstance(self._server, str):
            return self._server()
        return Redis.from_url(
            self._server,
            decode_responses=False,
            socket_timeout=CALL_TIMEOUT,
            socket_connect_timeout=CALL_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )
