"""A store in Redis or Valkey, version 7 or newer, for workers on several machines.

All keys of an application begin with ``{prefix}``, so that they are in one slot of a cluster. Redis expires
values, and scripts make claims and saves atomic.

The server may run a command even though its connection was lost or its caller has given up, and may run it
again when it is repeated. So commands are idempotent: a once-key is held by a token, and a state is never
replaced by one that the same worker has sent before.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha1
from itertools import count
from typing import Any, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from ..exceptions import StoreError
from .base import CLAIM_SECONDS, SLACK, ClaimedRow, Row, Store, backoff, batches, key_bytes

try:
    import redis.exceptions as errors
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
except ImportError as error:  # pragma: no cover
    raise ImportError("a Redis store needs redis-py: pip install 'liveactions[redis]'") from error

CALL_TIMEOUT = 15.0
"""Seconds that a call waits for a server that doesn't answer, before the store counts as failed."""
CONNECTIONS: Final = 32
"""Maximum number of connections of an event loop."""
MAX_ROWS: Final = 500
MAX_BYTES: Final = 8 * 2**20
"""Rows, and bytes of their values, that one script writes at most, because the server runs nothing else
meanwhile.
"""
STAMP_BYTES: Final = 16
"""Size of the stamp before each value: a sender, and a number that it counts up."""
TRANSIENT: Final = (
    errors.ConnectionError,
    errors.TimeoutError,
    errors.ReadOnlyError,  # a master that has become a replica
    errors.TryAgainError,
    errors.ClusterDownError,
    OSError,
)
"""Errors after which a command is tried again."""


class Script:
    """A Lua script, which the server knows by its digest."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()


PUT: Final = Script("""
for i, key in ipairs(KEYS) do redis.call('SET', key, ARGV[2 * i - 1], 'PX', ARGV[2 * i]) end
""")
ONCE: Final = Script("""
local holder = redis.call('GET', KEYS[1])
if holder then return holder == ARGV[1] and 1 or 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
""")
WITHDRAW: Final = Script("""
local holder = redis.call('GET', KEYS[1])
for _, token in ipairs(ARGV) do if token == holder then redis.call('DEL', KEYS[1]) end end
""")
TAKE: Final = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, most, slack = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local later = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + interval
local wait = later - now - most
if wait > slack then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.0f', later), 'PX', math.ceil((later - now) / 1000))
return 0
""")
"""Times are in microseconds."""
CLAIM: Final = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local epoch = math.max(tonumber(redis.call('GET', KEYS[1]) or 0) + 1, now)
redis.call('SET', KEYS[1], string.format('%.0f', epoch), 'PX', ARGV[1])
return epoch
""")
SAVE: Final = Script("""
local saved = {}
for i = 1, #KEYS / 2 do
    local value, epoch, ttl = ARGV[3 * i - 2], ARGV[3 * i - 1], ARGV[3 * i]
    local holder, mine = tonumber(redis.call('GET', KEYS[2 * i]) or 0), tonumber(epoch)
    if mine > holder then redis.call('SET', KEYS[2 * i], epoch, 'PX', ARGV[#ARGV]) end
    saved[i] = mine >= holder and 1 or 0
    if saved[i] == 1 then
        local there = redis.call('GETRANGE', KEYS[2 * i - 1], 0, 15)
        local is_others = string.sub(there, 1, 8) ~= string.sub(value, 1, 8)
        if is_others or struct.unpack('>I8', there, 9) < struct.unpack('>I8', value, 9) then
            redis.call('SET', KEYS[2 * i - 1], value, 'PX', ttl)
        end
    end
end
return saved
""")
"""If the server has lost a claim, the next save under it restores it; a later claim replaces it.

Stamps are compared as numbers: the server compares texts by its locale, in which different ones may be equal.
"""
Connect = Callable[[], Any]
"""Creates a client of `redis.asyncio`, for a Sentinel's master or a cluster."""


class Client:
    """A client of one event loop, and the stamps of what it sends."""

    def __init__(self, redis: Any) -> None:
        self.redis = redis
        self.free = asyncio.Semaphore(CONNECTIONS)
        self._sender = secrets.token_bytes(STAMP_BYTES // 2)
        self._numbers = count(1)

    def stamp(self) -> bytes:
        """Return the stamp for the next state."""
        return self._sender + next(self._numbers).to_bytes(STAMP_BYTES // 2, "big")


class RedisStore(Store):
    """A store at a URL of redis-py: ``redis://``, ``rediss://`` with TLS, ``unix://``.

    For Sentinel and clusters, pass a function that creates a client of `redis.asyncio`. All keys begin with
    `prefix`. It may be used in any event loop; each has connections of its own. Raise `ValueError` for an
    invalid URL.
    """

    def __init__(self, server: str | Connect, prefix: str = "liveactions") -> None:
        if isinstance(server, str):
            check_url(server, Redis)
        self._server = server
        self._name = prefix
        self._prefix = b"{%b}:" % prefix.encode()
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Client] = WeakKeyDictionary()
        self._unconfirmed: dict[str, list[bytes]] = {}
        """The tokens of calls of `once` that have raised, by key."""

    @property
    def server(self) -> tuple[str, str] | None:
        return (self._server, self._name) if isinstance(self._server, str) else None

    async def get(self, key: str) -> bytes | None:
        found: bytes | None = await self._run("GET", self._key(b"v", key))
        return None if found is None else found[STAMP_BYTES:]

    async def put_many(self, rows: Iterable[Row]) -> None:
        stamp = bytes(STAMP_BYTES)
        keys: list[bytes] = []
        values: list[bytes | int] = []
        for key, value, ttl in rows:
            keys.append(self._key(b"v", key))
            values += stamp + bytes(value), _ms(ttl)
        if keys:
            await self._eval(PUT, keys, values)

    async def once(self, key: str, ttl: float) -> bool:
        token = secrets.token_bytes(8)
        try:
            return bool(await self._eval(ONCE, [self._key(b"o", key)], [token, _ms(ttl)]))
        except StoreError:
            self._unconfirmed.setdefault(key, []).append(token)
            raise

    async def withdraw(self, key: str) -> None:
        if tokens := self._unconfirmed.get(key):
            await self._eval(WITHDRAW, [self._key(b"o", key)], tokens)
            del self._unconfirmed[key]

    async def take(self, key: str, interval: float, burst: int) -> float:
        times = [round(1e6 * seconds) for seconds in (interval, burst * interval, SLACK)]
        wait: int = await self._eval(TAKE, [self._key(b"b", key)], times)
        return wait / 1e6

    async def delete(self, key: str) -> None:
        await self._run("DEL", self._key(b"v", key))

    async def claim(self, key: str) -> int:
        epoch: int = await self._eval(CLAIM, [self._key(b"c", key)], [_ms(CLAIM_SECONDS)])
        return epoch

    async def save_many(self, rows: Sequence[ClaimedRow]) -> list[bool]:
        saved: list[bool] = []
        stamp = self._client().stamp
        for batch in batches(rows, MAX_ROWS, MAX_BYTES):
            keys: list[bytes] = []
            values: list[bytes | int] = []
            for key, epoch, value, ttl in batch:
                keys += self._key(b"v", key), self._key(b"c", key)
                values += stamp() + bytes(value), epoch, _ms(ttl)
            values.append(_ms(CLAIM_SECONDS))
            saved += map(bool, await self._eval(SAVE, keys, values))
        return saved

    async def close(self) -> None:
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.redis.aclose()

    def _key(self, kind: bytes, key: str) -> bytes:
        return b"%b%b:%b" % (self._prefix, kind, key_bytes(key))

    async def _eval(self, script: Script, keys: Sequence[bytes], values: Sequence[bytes | int]) -> Any:
        arguments = len(keys), *keys, *values
        try:
            return await self._run("EVALSHA", script.digest, *arguments)
        except errors.NoScriptError:
            return await self._run("EVAL", script.text, *arguments)

    async def _run(self, *command: Any) -> Any:
        """Run a command. If a connection is lost, try again for up to `CALL_TIMEOUT` seconds."""
        waits, client = backoff(CALL_TIMEOUT), self._client()
        try:
            async with asyncio.timeout(CALL_TIMEOUT):
                while True:
                    try:
                        async with client.free:
                            return await client.redis.execute_command(*command)
                    except TRANSIENT as error:
                        pause = None if is_refusal(error) else next(waits, None)
                        if pause is None:
                            raise StoreError(f"Redis: {error}") from error
                        if isinstance(error, errors.ReadOnlyError) and isinstance(self._server, str):
                            await (
                                client.redis.connection_pool.disconnect()
                            )  # its name may lead to another server now
                    await asyncio.sleep(pause)
        except TimeoutError as error:
            raise StoreError(f"Redis has not answered for {CALL_TIMEOUT:.0f} s") from error
        except errors.NoScriptError:
            raise
        except errors.RedisError as error:
            raise StoreError(f"Redis: {error}") from error

    def _client(self) -> Client:
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = self._clients[loop] = Client(self._connect())
        return client

    def _connect(self) -> Any:
        if not isinstance(self._server, str):
            return self._server()
        return Redis.from_url(
            self._server,
            decode_responses=False,
            socket_timeout=None,  # `_run` has a time limit
            socket_connect_timeout=CALL_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )


def check_url(url: str, client: type[Any]) -> None:
    """Raise `ValueError` if redis-py rejects a URL. The message doesn't reveal its password."""
    fault = "the URL of the Redis server can't be used: "
    try:
        urlsplit(url).port  # noqa: B018
    except ValueError:  # its message contains a part of the password
        hint = "In a password, write / # ? as %2F %23 %3F"
        raise ValueError(f"{fault}its port isn't a number. {hint}") from None
    try:
        client.from_url(url).connection_pool.make_connection()
    except (errors.RedisError, TypeError, ValueError) as error:
        raise ValueError(f"{fault}{error}") from error


def is_refusal(error: Exception) -> bool:
    """Return whether the server has rejected user or password: redis-py reports a lost connection."""
    refused = errors.AuthenticationError, errors.AuthorizationError
    return isinstance(error, refused) or isinstance(error.__cause__, refused)


def _ms(seconds: float) -> int:
    return max(1, round(1000 * seconds))
