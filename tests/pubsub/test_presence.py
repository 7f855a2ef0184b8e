"""Who is here, where other workers can't be told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from liveactions.pubsub import Messages
from liveactions.pubsub.base import Message
from liveactions.pubsub.channel import BrokerChannel
from liveactions.pubsub.presence import Presence
from liveactions.security.signing import Keys, Sealer
from tests.support.patience import PATIENCE
from tests.support.small import KEY


class Nobody:
    """A broker whose messages nobody reads."""

    def publish(self, messages: Sequence[bytes]) -> None:
        pass

    def poll(self) -> Messages:
        return []


async def test_after_a_failure_the_others_are_told_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    line = BrokerChannel(Nobody(), Sealer(Keys([KEY])), "shop")
    said: list[Message] = []
    told = asyncio.Event()

    async def fail(*messages: Message) -> None:
        told.set()
        raise RuntimeError("no thread can be started")

    async def announce(*messages: Message) -> None:
        said.extend(messages)
        told.set()

    presence = Presence(line, lambda entries: lambda: tuple(entries))
    monkeypatch.setattr(line, "announce", fail)
    presence.enter("1", "room", "ada", "", "Ada")
    await asyncio.wait_for(told.wait(), PATIENCE)
    await presence._tasks.finished()
    assert "publishing who is here to other workers failed" in caplog.text
    told.clear()
    monkeypatch.setattr(line, "announce", announce)
    presence.tick()
    await asyncio.wait_for(told.wait(), PATIENCE)
    assert said[0].kind == "presence" and said[0].data["v"] == 1
    presence.stop()
