"""Keys, sealing and signing.

A sealed text is encrypted, authenticated, dated and bound to a context: without the key, it can be neither
read nor changed, nor used for another purpose. A signature has 64 bits: enough where every guess is a
request, and short enough to be written into every row of a page.

::

    sealed     = url-safe base64 of: algorithm (1 byte), key id (4), salt, nonce, ciphertext with tag
    plaintext  = packing (1 byte), seconds since 1970 (double, big-endian), data
"""

from __future__ import annotations

import hmac
import os
import secrets
import struct
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from hashlib import blake2b
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..encoding import base64url, from_base64url
from ..exceptions import SealedForOther, SealError, SealExpired

ENVIRONMENT: Final = "LIVEACTIONS_KEY"
MIN_SECRET: Final = 16
"""Minimum length of a secret, in bytes."""
MAC_BYTES: Final = 8
CACHED_SIGNATURES: Final = 2048
"""Maximum number of signatures to keep: visitors who aren't signed in get the same ones."""
COMPRESS_FROM: Final = 2048
"""Minimum size of data, in bytes, that is compressed. Compressing takes longer than all other steps."""
MAX_MESSAGES: Final = 2**20
"""Maximum number of messages that a process seals with one derived key."""
_HEADER: Final = struct.Struct(">B4s")
_PACKING: Final = struct.Struct(">Bd")
_PLAIN, _DEFLATED = 0, 1
_SKEW: Final = 60.0
"""Seconds by which a date may be in the future: clocks of machines differ, and may be set back."""


class Key:
    """A secret, and the keys derived from it, one for each purpose."""

    def __init__(self, secret: bytes | str) -> None:
        if not isinstance(secret, (bytes, str)):
            raise TypeError(f"keys: a key is a text, not a {type(secret).__name__}")
        self._secret = secret.encode() if isinstance(secret, str) else secret
        if len(self._secret) < MIN_SECRET:
            raise ValueError(f"a key needs at least {MIN_SECRET} bytes; secrets.token_urlsafe(32) makes one")
        self.id = self.derive("id")[:4]

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for one purpose, which reveal neither the secret nor the keys of other purposes."""
        hkdf = HKDF(algorithm=SHA256(), length=32, salt=b"liveactions", info=purpose.encode())
        return hkdf.derive(self._secret)

    def __repr__(self) -> str:
        return f"<Key {self.id.hex()}>"


class Keys:
    """The application's keys. The first one seals and signs; all of them open and verify.

    `shared` is false for random keys, which no other process can have. Raise `ValueError` if a secret is too
    short or there is none.
    """

    def __init__(self, secrets: Iterable[bytes | str], *, shared: bool = True) -> None:
        self._keys = [Key(secret) for secret in secrets]
        self.shared = shared
        if not self._keys:
            raise ValueError("no key given")

    @classmethod
    def random(cls) -> Keys:
        """Return a key for the lifetime of this process."""
        return cls([secrets.token_bytes(32)], shared=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Keys | None:
        """Return the keys in ``LIVEACTIONS_KEY``, separated by commas or spaces; None if there are none."""
        listed = environment.get(ENVIRONMENT, "").replace(",", " ").split()
        return cls(listed) if listed else None

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)


class _Opener(Protocol):
    """An algorithm; `number` is its first byte in sealed bytes."""

    number: int

    def decrypt(self, ciphertext: bytes, context: bytes) -> bytes: ...


class _DerivedPerProcess:
    """AES-GCM with random nonces, and a key that is derived with a random salt for this process only.

    After `MAX_MESSAGES`, another key is derived, so that no nonce is used twice with the same key (the
    probability is 2**-57), even if the process forks. Ciphertext: salt (8 bytes), nonce (12), ciphertext with
    tag.
    """

    number = 3

    def __init__(self, key: Key) -> None:
        self._key = key.derive("seal AES-GCM with a salt")
        self._derived = lru_cache(maxsize=128)(self._derive)  # by salt; other processes have other ones
        self._sealing = b"", self._derive(b"")
        self._left = 0

    def _derive(self, salt: bytes) -> AESGCM:
        return AESGCM(hmac.digest(self._key, salt, "sha256"))

    def encrypt(self, header: bytes, plaintext: bytes, context: bytes) -> bytes:
        """Return the header and the ciphertext."""
        if not self._left:
            salt = os.urandom(8)
            self._sealing, self._left = (salt, self._derive(salt)), MAX_MESSAGES
        self._left -= 1
        salt, aead = self._sealing
        nonce = os.urandom(12)
        return b"".join((header, salt, nonce, aead.encrypt(nonce, plaintext, context)))

    def decrypt(self, ciphertext: bytes, context: bytes) -> bytes:
        return self._derived(ciphertext[:8]).decrypt(ciphertext[8:20], ciphertext[20:], context)


class _DerivedPerMessage:
    """AES-GCM with a key for each message: opens texts that earlier versions sealed without SIV."""

    number = 2

    def __init__(self, key: Key) -> None:
        self._key = key.derive("seal AES-GCM")

    def decrypt(self, ciphertext: bytes, context: bytes) -> bytes:
        aead = AESGCM(hmac.digest(self._key, ciphertext[:24], "sha256"))
        return aead.decrypt(bytes(12), ciphertext[24:], context)


class _MisuseResistant:
    """AES-GCM-SIV: opens texts that earlier versions sealed."""

    number = 1

    def __init__(self, key: Key) -> None:
        self._aead = AESGCMSIV(key.derive("seal AES-GCM-SIV"))

    def decrypt(self, ciphertext: bytes, context: bytes) -> bytes:
        return self._aead.decrypt(ciphertext[:12], ciphertext[12:], context)


def _openers(key: Key) -> list[_Opener]:
    """Return the algorithms that open sealed bytes, as far as this machine's OpenSSL supports them."""
    openers: list[_Opener] = [_DerivedPerProcess(key), _DerivedPerMessage(key)]
    with suppress(UnsupportedAlgorithm):  # OpenSSL before 3.2
        openers.append(_MisuseResistant(key))
    return openers


class Sealer:
    """Seals bytes into url-safe text, and opens them again."""

    def __init__(self, keys: Keys) -> None:
        first = next(iter(keys))
        self._cipher = _DerivedPerProcess(first)
        self._header = _HEADER.pack(self._cipher.number, first.id)
        self._openers = {_HEADER.pack(one.number, key.id): one for key in keys for one in _openers(key)}

    @property
    def key(self) -> bytes:
        """Identifies the key that seals."""
        return self._header

    def seal(self, data: bytes, context: str, *, now: float | None = None) -> str:
        """Return `data` as text that can only be opened in the same `context`.

        `now` is in seconds since 1970.
        """
        return _text(self.seal_bytes(data, context, now=now))

    def seal_bytes(self, data: bytes, context: str, *, now: float | None = None) -> bytes:
        """Like `seal`, but return bytes. Long data is compressed."""
        packing = _PLAIN
        if len(data) >= COMPRESS_FROM:
            smaller = zlib.compress(data, 1)
            if len(smaller) < len(data):
                packing, data = _DEFLATED, smaller
        return self.seal_parts([data], context, packing=packing, now=now)

    def seal_parts(
        self, parts: Sequence[bytes], context: str, *, packing: int = _PLAIN, now: float | None = None
    ) -> bytes:
        """Like `seal_bytes`, for data in parts. They are only copied once, and not compressed."""
        packed = b"".join((_PACKING.pack(packing, time.time() if now is None else now), *parts))
        return self._cipher.encrypt(self._header, packed, context.encode())

    def open(self, text: str, context: str, max_age: float, *, now: float | None = None) -> bytes:
        """Return the data that was sealed in `text` at most `max_age` seconds ago. A date that is as much in
        the future is accepted, too.

        Raise `SealError` if the text was sealed with another key, `SealedForOther` if it was sealed for
        another context or altered, and `SealExpired` if it is too old.
        """
        return self.open_bytes(_bytes(text), context, max_age, now=now)

    def open_bytes(self, sealed: bytes, context: str, max_age: float, *, now: float | None = None) -> bytes:
        """Open what `seal_bytes` has sealed. Raise the same exceptions as `open`."""
        opener = self._openers.get(sealed[: _HEADER.size])
        if opener is None:
            raise SealError("sealed by another key")
        try:
            packed = opener.decrypt(sealed[_HEADER.size :], context.encode())
        except (InvalidTag, ValueError):  # ValueError: shorter than a nonce and a tag
            raise SealedForOther("sealed for another visitor or page, or altered") from None
        packing, sealed_at = _PACKING.unpack_from(packed)
        if not -max(_SKEW, max_age) <= (time.time() if now is None else now) - sealed_at <= max_age:
            raise SealExpired("too old")
        data = packed[_PACKING.size :]
        return zlib.decompress(data) if packing == _DEFLATED else data


class Signer:
    """Creates short signatures. They prove that this application wrote the data, not who may use it."""

    def __init__(self, keys: Keys) -> None:
        self._keys = [key.derive("sign") for key in keys]
        self._sign = lru_cache(CACHED_SIGNATURES)(partial(_mac, self._keys[0]))

    def mac(self, data: bytes, size: int = MAC_BYTES) -> str:
        """Return the signature of `data` as url-safe text; by default, of 11 characters."""
        return self._sign(data, size)

    def verify(self, data: bytes, mac: str) -> bool:
        """Return whether one of the keys signed `data`. This takes the same time for every wrong
        signature.
        """
        given = mac.encode(errors="replace")
        found = [hmac.compare_digest(_mac(key, data).encode(), given) for key in self._keys]
        return any(found)


def _mac(key: bytes, data: bytes, size: int = MAC_BYTES) -> str:
    # Keyed BLAKE2b is a MAC by design, and takes a third of HMAC-SHA-256's time: tables have many.
    return _text(blake2b(data, key=key, digest_size=size).digest())


def _text(data: bytes) -> str:
    return base64url(data).rstrip("=")


def _bytes(text: str) -> bytes:
    """Return the bytes that `_text` encoded as `text`. Raise `SealError` for any other spelling."""
    try:
        data = from_base64url(text)
    except ValueError:
        raise SealError("not a sealed text") from None
    if _text(data) != text:
        raise SealError("not a sealed text")
    return data
