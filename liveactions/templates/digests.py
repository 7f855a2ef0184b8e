"""Digests of fragments, to compare renders whose values have been dropped.

Fragments that show the same have the same digest (8 bytes), in all processes. A checksum (4 bytes) takes a
tenth of the time. Checksums of slots show which slots of a page have changed.
"""

from __future__ import annotations

from hashlib import blake2b
from itertools import compress, count, groupby, repeat
from operator import is_not
from typing import Any, Final
from zlib import crc32

from ..types import Reference
from .fragments import TEXTS, Fragment, Items, shape_of

DIGEST_SLOTS: Final = 64
"""Maximum number of root slots that have a checksum."""
CHUNK_ITEMS: Final = 16
"""Number of items of a list that share a digest."""


def digests_of(fragment: Fragment) -> tuple[bytes, tuple[bytes, ...]]:
    """Return a digest of the whole, and checksums of the first `DIGEST_SLOTS` root slots."""
    whole, slots = [fragment.shape.digest_text], []
    for slot in fragment.shape.values:
        pieces: list[str] = []
        collect(fragment.values[slot], pieces)
        slots.append(pieces)
        whole += pieces
    fragment.digest = _digest(whole)
    return fragment.digest, tuple(map(_checksum, slots[:DIGEST_SLOTS]))


def digest_of(value: Fragment | Items) -> bytes:
    """Return the digest of a fragment or a list, which caches it."""
    if value.digest is None:
        if isinstance(value, Items):
            value.digest = _digest_list(value)
            value.base = None  # don't keep the previous list: the patch that leads from it is written
        else:
            pieces: list[str] = []
            collect(value, pieces)
            value.digest = _digest(pieces)
    return value.digest


def _digest_list(items: Items) -> bytes:
    """Return the digest of a list. It is only computed once for a list that pages share."""
    shared = items.rendered
    if shared is not None and shared.digest is not None:
        items.chunks = shared.chunks
        return shared.digest
    digest = blake2b(b"".join(_chunks(items)), digest_size=8).digest()
    if shared is not None:
        shared.digest, shared.chunks = digest, items.chunks
    return digest


def _chunks(items: Items) -> list[bytes]:
    """Return a digest for each `CHUNK_ITEMS` items. Those without a changed item are the previous list's."""
    if items.chunks is None:
        base = items.base
        if base is not None and base.chunks is not None:
            chunks, due = base.chunks.copy(), {number // CHUNK_ITEMS for number in items.changed}
        else:
            chunks = [b""] * -(-len(items.fragments) // CHUNK_ITEMS)
            due = set(range(len(chunks)))
        for chunk in due:
            chunks[chunk] = _digest_chunk(items, chunk * CHUNK_ITEMS)
        items.chunks = chunks
    return items.chunks


def _digest_chunk(items: Items, start: int) -> bytes:
    """Return the digest of `CHUNK_ITEMS` items, whose values are taken slot by slot."""
    pieces: list[str] = []
    for shape, run in groupby(items.fragments[start : start + CHUNK_ITEMS], shape_of):
        rows = [one.values for one in run]
        pieces.append(f"{len(rows)}{shape.digest_text}")
        for slot in shape.values:
            column = [values[slot] for values in rows]
            if set(map(type, column)) == TEXTS:
                pieces += column
            else:
                for value in column:
                    collect(value, pieces)
    return _digest(pieces)


def collect(value: Any, pieces: list[str]) -> None:
    """Append the text of a value to `pieces`."""
    if type(value) is str:
        pieces.append(value)
    elif type(value) is Fragment:
        pieces.append(value.shape.digest_text)
        shown, start = [value.values[slot] for slot in value.shape.values], 0
        for n in compress(count(), map(is_not, map(type, shown), repeat(str))):
            pieces += shown[start:n]
            collect(shown[n], pieces)  # its own digest isn't needed elsewhere
            start = n + 1
        pieces += shown[start:]
    elif type(value) is Items:
        pieces.append(digest_of(value).hex())
    elif isinstance(value, Reference):
        pieces.append(f"\0{value.url()}")
    else:
        pieces.append(f"\0{type(value).__name__} {value}")


def _checksum(pieces: list[str]) -> bytes:
    return crc32("\0".join(pieces).encode(errors="replace")).to_bytes(4, "big")


def _digest(pieces: list[str]) -> bytes:
    return blake2b("\0".join(pieces).encode(errors="replace"), digest_size=8).digest()
