"""Which page a session shows, and to whom."""

from __future__ import annotations

from ..exchange import Exchange
from ..site import Address, Site


class Place:
    """A page's class with its path, and the person; and what the browser may still take them for."""

    def __init__(self, site: Site, address: Address, identity: str, exchange: Exchange) -> None:
        self._site = site
        self._exchange = exchange
        self._former: set[tuple[Address, str]] = set()
        self.address = address
        self.identity = identity
        self.context = site.context(address, identity)
        """In which snapshots are sealed."""
        self.since = exchange.rev
        """The revision that shows this page first."""

    def become(self, address: Address, identity: str) -> None:
        """It is another page from now on, or another person; nothing that the browser shows is of that."""
        if self._exchange.shown >= self.since:
            self._former.clear()
        self._former.add((self.address, self.identity))
        self.since = self._exchange.rev + 1
        self.address, self.identity = address, identity
        self.context = self._site.context(address, identity)

    def identify(self, identity: str) -> None:
        """The person is this one from now on."""
        if identity != self.identity:
            self.become(self.address, identity)

    def is_of(self, address: Address, identity: str, rev: int) -> bool:
        """Whether a browser that shows this revision may take it for that page and person."""
        now = address is self.address and identity == self.identity
        return now or (rev < self.since and (address, identity) in self._former)
