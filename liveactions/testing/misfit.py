"""What isn't as the protocol says."""

from __future__ import annotations

from typing import NoReturn

Address = tuple[int, ...]


class Misfit(AssertionError):
    """A document or a patch isn't as the protocol says. `address` is where: slots and ordinals."""

    def __init__(self, message: str, address: Address) -> None:
        super().__init__(f"at {'.'.join(map(str, address)) or 'the root'}: {message}")
        self.address = address


def misfit(message: str, address: Address) -> NoReturn:
    raise Misfit(message, address)
