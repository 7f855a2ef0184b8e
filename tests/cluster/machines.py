"""Three machines on addresses of their own, a Redis that all of them use, and a balancer in front.

A machine has folders of its own, two workers, and a link to Redis that can be cut. The balancer sends each
connection to the next machine: nobody stays where they were.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import redis

from tests.chromium.server import Server, free_port
from tests.support.patience import wait_until
from tests.support.servers import Program, RedisServer, found, own

APP = "tests.cluster.app:live"
ADDRESSES = ["127.0.0.2", "127.0.0.3", "127.0.0.4"]
WORKERS = 2
GRACE = 25
"""Seconds that a worker has for handing its pages over: enough on a machine that is very busy."""
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Relay:
    """Passes bytes on between the two ends of connections."""

    def __init__(self) -> None:
        self._flows = asyncio.Event()
        self._flows.set()
        self._links: set[asyncio.Task[None]] = set()

    def join(self, near: Streams, far: Streams) -> None:
        """Pass on what comes from either end to the other one, until one of them closes."""
        link = asyncio.create_task(self._link(near, far))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    def stall(self) -> None:
        """Let nothing pass, and tell nobody."""
        self._flows.clear()

    def resume(self) -> None:
        """Let all pass again, also what has been sent meanwhile."""
        self._flows.set()

    async def cut(self) -> None:
        """Reset all connections."""
        links = list(self._links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    async def _link(self, near: Streams, far: Streams) -> None:
        pumps = [asyncio.create_task(self._pump(*way)) for way in ((near[0], far[1]), (far[0], near[1]))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for _, writer in (near, far):
                writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
            writer.close()
            await writer.wait_closed()


class Machine:
    """A machine that serves the application by two workers."""

    def __init__(self, folder: Path, address: str, engine: RedisServer, env: dict[str, str]) -> None:
        folder.mkdir()
        self.link = Relay()
        """To Redis."""
        self._engine = engine
        self._socket = folder / "redis"
        places = {"XDG_RUNTIME_DIR": str(folder), "TMPDIR": str(folder)}
        store = {"LIVEACTIONS_STORE": f"unix://{self._socket}"}
        self.server = Server(APP, WORKERS, {**env, **places, **store}, address, GRACE)

    async def start(self) -> None:
        """Return when all workers serve."""
        self._listener = await asyncio.start_unix_server(self._to_engine, self._socket)
        await asyncio.to_thread(self.server.start)

    async def stop(self) -> None:
        """Shut down in good order."""
        await asyncio.to_thread(self.server.stop)
        self._listener.close()
        await self.link.cut()

    async def deploy(self, release: int) -> None:
        """Serve another release of the application."""
        await asyncio.to_thread(self.server.stop)
        self.server.env["RELEASE"] = str(release)
        await asyncio.to_thread(self.server.start)

    @property
    def workers(self) -> list[int]:
        """The processes that serve."""
        return [pid for pid in self.server.worker_pids() if Path(f"/proc/{pid}").exists()]

    async def _to_engine(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far = await asyncio.open_unix_connection(self._engine.socket)
        except OSError:
            writer.transport.abort()
        else:
            self.link.join((reader, writer), far)


class Balancer(ABC):
    """Sends each connection to the next machine that answers."""

    def __init__(self, machines: Sequence[Machine]) -> None:
        self.machines = machines
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    @abstractmethod
    async def start(self) -> None:
        """Listen."""

    @abstractmethod
    async def stop(self) -> None:
        """Listen no more, and cut all connections."""

    @abstractmethod
    async def take_out(self, machine: Machine) -> None:
        """Send nobody to a machine that isn't healthy, and cut off those who are there."""

    @abstractmethod
    async def put_back(self, machine: Machine) -> None:
        """Send connections to a machine again."""


class RoundRobin(Balancer):
    """A balancer in this event loop, which nobody needs to install."""

    async def start(self) -> None:
        self._relays = {machine: Relay() for machine in self.machines}
        self._out: set[Machine] = set()
        self._turns = cycle(self.machines)
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def stop(self) -> None:
        self._listener.close()
        for relay in self._relays.values():
            await relay.cut()

    async def take_out(self, machine: Machine) -> None:
        self._out.add(machine)
        await self._relays[machine].cut()

    async def put_back(self, machine: Machine) -> None:
        self._out.discard(machine)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in self.machines:
            machine = next(self._turns)
            if machine in self._out:
                continue
            with suppress(OSError):
                far = await asyncio.open_connection(machine.server.host, machine.server.port)
                self._relays[machine].join((reader, writer), far)
                return
        writer.transport.abort()


class HaproxyServer(Program):
    """HAProxy with its command socket."""

    package = "haproxy"

    def __init__(self, folder: Path, port: int, machines: Sequence[Machine]) -> None:
        super().__init__(folder)
        self._port = port
        servers = (
            f"server {one.server.host} {one.server.host}:{one.server.port} check inter 500"
            for one in machines
        )
        text = CONFIGURATION.format(socket=self.socket, port=port, servers="\n    ".join(servers))
        (folder / "configuration").write_text(text)

    @property
    def socket(self) -> Path:
        return self.folder / "commands"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def command(self) -> Sequence[str]:
        return [found("haproxy"), "-db", "-f", "configuration"]

    def is_up(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0


CONFIGURATION = """global
    stats socket {socket} level admin
defaults
    mode http
    timeout connect 2s
    timeout client 1h
    timeout server 1h
    retries 3
    option redispatch 1
frontend all
    bind 127.0.0.1:{port}
    default_backend machines
backend machines
    balance roundrobin
    option httpchk GET /_live/health/ready
    {servers}
"""


class Haproxy(Balancer):
    """The balancer that people run."""

    async def start(self) -> None:
        self._stack = ExitStack()
        folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="liveactions-")))
        self._server = HaproxyServer(folder, self.port, self.machines)
        await asyncio.to_thread(self._server.start)
        self._stack.callback(self._server.stop, signal.SIGKILL)

    async def stop(self) -> None:
        await asyncio.to_thread(self._stack.close)

    async def take_out(self, machine: Machine) -> None:
        name = f"machines/{machine.server.host}"
        await self._order(f"set server {name} state maint; shutdown sessions server {name}")

    async def put_back(self, machine: Machine) -> None:
        await self._order(f"set server machines/{machine.server.host} state ready")

    async def _order(self, commands: str) -> None:
        reader, writer = await asyncio.open_unix_connection(self._server.socket)
        writer.write(f"{commands}\n".encode())
        answer = (await reader.read()).decode().strip()
        writer.close()
        assert not answer, answer


class Cluster:
    """The machines with what they have in common."""

    def __init__(self, folder: Path, engine: RedisServer, balancer: type[Balancer]) -> None:
        self.notes = folder / "notes"
        """Where the application writes down what it has run."""
        self.notes.mkdir()
        self.engine = engine
        env = {
            "LIVEACTIONS_KEY": secrets.token_urlsafe(32),
            "LIVEACTIONS_UPLOADS": str(folder / "files"),  # which all machines share
            "NOTES": str(self.notes),
        }
        self.machines = [Machine(folder / address, address, engine, env) for address in ADDRESSES]
        self.balancer = balancer(self.machines)

    @property
    def workers(self) -> list[int]:
        """All processes that serve."""
        return [pid for machine in self.machines for pid in machine.workers]

    async def kill_worker(self, pid: int) -> None:
        """SIGKILL; return when its successor serves."""
        machine = next(one for one in self.machines if pid in one.workers)
        await asyncio.to_thread(machine.server.kill_worker, pid)

    def ran(self) -> Counter[str]:
        """Return how often each operation has been run."""
        return written(self.notes)

    @asynccontextmanager
    async def cut_off(self, machine: Machine) -> AsyncIterator[None]:
        """For a while, a machine doesn't reach Redis, and the balancer notices."""
        machine.link.stall()
        await self.balancer.take_out(machine)
        try:
            yield
        finally:
            machine.link.resume()
            await self.balancer.put_back(machine)

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """For a while, Redis hangs."""
        self.engine.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.engine.signal(signal.SIGCONT)

    @asynccontextmanager
    async def restarted(self, keeping: bool) -> AsyncIterator[None]:
        """For a while, Redis is away. It comes back with what it had, or with nothing."""
        await asyncio.to_thread(self._shut_down, keeping)
        try:
            yield
        finally:
            await asyncio.to_thread(self.engine.start)

    def _shut_down(self, keeping: bool) -> None:
        (self.engine.folder / "dump.rdb").unlink(missing_ok=True)
        with redis.Redis(unix_socket_path=str(self.engine.socket)) as client:
            client.shutdown(save=keeping, nosave=not keeping)
        assert wait_until(lambda: not self.engine.is_alive())


def written(notes: Path) -> Counter[str]:
    """Return how often each operation has been written down."""
    return Counter(line for file in notes.iterdir() for line in file.read_text().splitlines())


@asynccontextmanager
async def cluster(folder: Path, balancer: type[Balancer]) -> AsyncIterator[Cluster]:
    """Machines that serve, stopped at the end."""
    with own(RedisServer) as engine:
        machines = Cluster(folder, engine, balancer)
        async with AsyncExitStack() as stack:
            async with asyncio.TaskGroup() as starting:
                for machine in machines.machines:
                    stack.push_async_callback(machine.stop)
                    starting.create_task(machine.start())
            await machines.balancer.start()
            stack.push_async_callback(machines.balancer.stop)
            yield machines
