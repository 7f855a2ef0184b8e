"""Keys, sealed texts, signatures."""

from __future__ import annotations

import re
from secrets import token_bytes
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from hypothesis import given
from hypothesis import strategies as st

from liveactions.exceptions import SealError, SealExpired
from liveactions.security import signing as seal
from liveactions.security.signing import Keys, Sealer, Signer

OLD, NEW = "an old secret of some length", "a new secret of some length"


@pytest.fixture
def keys() -> Keys:
    return Keys([NEW])


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 3, b"the same again " * 1000])
def test_what_was_sealed_opens(keys: Keys, data: bytes) -> None:
    text = Sealer(keys).seal(data, "app Page", now=1000.5)
    assert Sealer(keys).open(text, "app Page", max_age=10, now=1005) == data
    assert re.fullmatch(r"[\w-]+", text)


def test_two_seals_of_one_text_differ(keys: Keys) -> None:
    sealer = Sealer(keys)
    assert sealer.seal(b"data", "c") != sealer.seal(b"data", "c")


def test_context_belongs_to_the_seal(keys: Keys) -> None:
    text = Sealer(keys).seal(b"data", "user 1")
    with pytest.raises(SealError, match="another visitor or page"):
        Sealer(keys).open(text, "user 2", max_age=10)


def test_too_old_and_from_the_future(keys: Keys) -> None:
    sealer = Sealer(keys)
    text = sealer.seal(b"data", "c", now=1000)
    assert sealer.open(text, "c", max_age=10, now=1010) == b"data"
    for now in (1010.1, 900):
        with pytest.raises(SealExpired):
            sealer.open(text, "c", max_age=10, now=now)


def test_a_clock_may_have_been_ahead_for_as_long_as_data_lives(keys: Keys) -> None:
    """As that of another machine, or of this one until it was set back."""
    sealer = Sealer(keys)
    text = sealer.seal(b"data", "c", now=10_000)
    assert sealer.open(text, "c", max_age=5000, now=5000) == b"data"
    with pytest.raises(SealExpired):
        sealer.open(text, "c", max_age=5000, now=4999)
    assert sealer.open(text, "c", max_age=1, now=9941) == b"data"


def test_any_altered_character_is_noticed(keys: Keys) -> None:
    sealer = Sealer(keys)
    text = sealer.seal(b"some data", "c")
    for index, character in enumerate(text):
        altered = text[:index] + ("A" if character != "A" else "B") + text[index + 1 :]
        with pytest.raises(SealError):
            sealer.open(altered, "c", max_age=10)


def test_any_part_of_a_text_is_refused(keys: Keys) -> None:
    sealer = Sealer(keys)
    text = sealer.seal(b"some data", "c")
    for index in range(len(text)):
        for part in (text[:index], text[index + 1 :], text + text[index:]):
            with pytest.raises(SealError):
                sealer.open(part, "c", max_age=10)


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(SealError):
        Sealer(Keys([NEW])).open(text, "c", max_age=10)


@pytest.mark.parametrize("spelling", ["{}=", "{} ", " {}", "{}\n", "{}é"])
def test_one_spelling_only(spelling: str) -> None:
    sealer = Sealer(Keys([NEW]))
    with pytest.raises(SealError):
        sealer.open(spelling.format(sealer.seal(b"12", "c")), "c", max_age=10)


def test_keys_rotate(keys: Keys) -> None:
    before, during, after = Keys([OLD]), Keys([NEW, OLD]), Keys([NEW])
    old, new = Sealer(before).seal(b"data", "c"), Sealer(during).seal(b"data", "c")
    assert Sealer(during).open(old, "c", max_age=10) == b"data"
    assert Sealer(after).open(new, "c", max_age=10) == b"data"
    with pytest.raises(SealError, match="another key"):
        Sealer(after).open(old, "c", max_age=10)


OF_EARLIER_VERSIONS = {
    "AES-GCM-SIV": "ARitqq5aYsEhn3yvxiGZ7mMKNYQEUdZWjJCS1vSlJ1DJwsT_UFns1bANJlp_YD8tOcWsvRV22w",
    "AES-GCM": "Ahitqq7FBKfxZqe-fhvxlNOUoXOQxSyHn8WAHJEnrY2CcS0NTImpB6x86-8aqwY2eIoq1Uw_cBD2v6Bimzr-eC1Fjw",
}


@pytest.mark.parametrize("text", OF_EARLIER_VERSIONS.values(), ids=OF_EARLIER_VERSIONS.keys())
def test_what_earlier_versions_have_sealed_opens(text: str) -> None:
    sealer = Sealer(Keys([NEW, "a secret of some length"]))
    assert sealer.open(text, "c", max_age=10, now=1000) == b"sealed before"
    with pytest.raises(SealError):
        sealer.open(text, "d", max_age=10, now=1000)


def test_a_machine_without_siv_seals_and_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(key: bytes) -> Any:
        raise UnsupportedAlgorithm("not in this OpenSSL")

    monkeypatch.setattr(seal, "AESGCMSIV", unsupported)
    text = Sealer(Keys([NEW])).seal(b"data", "c")
    assert Sealer(Keys([NEW])).open(text, "c", max_age=10) == b"data"
    with pytest.raises(SealError, match="another key"):
        Sealer(Keys(["a secret of some length"])).open(OF_EARLIER_VERSIONS["AES-GCM-SIV"], "c", max_age=10)


def test_each_process_has_keys_of_its_own_and_renews_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "MAX_MESSAGES", 3)
    one, other = Sealer(Keys([NEW])), Sealer(Keys([NEW]))
    sealed = [sealer.seal_bytes(b"data", "c") for sealer in (one, other) for _ in range(4)]
    salts, nonces = [text[5:13] for text in sealed], {text[13:25] for text in sealed}
    assert [salts.count(salt) for salt in salts] == [3, 3, 3, 1, 3, 3, 3, 1]
    assert len(nonces) == len(sealed)
    assert all(other.open_bytes(text, "c", max_age=10) == b"data" for text in sealed)


def test_compressed_only_where_it_helps() -> None:
    sealer = Sealer(Keys([NEW]))
    assert len(sealer.seal(b"a" * 5000, "c")) < 200
    assert len(sealer.seal(token_bytes(3000), "c")) < 3000 * 4 / 3 + 80


def test_signatures() -> None:
    signer = Signer(Keys([NEW]))
    mac = signer.mac(b"add~[2]")
    assert re.fullmatch(r"[\w-]{11}", mac)
    assert signer.verify(b"add~[2]", mac)
    assert not signer.verify(b"add~[3]", mac)
    assert not Signer(Keys([OLD])).verify(b"add~[2]", mac)
    for wrong in ("", mac[:-1], mac + "=", mac.swapcase(), "é", "\ud800"):
        assert not signer.verify(b"add~[2]", wrong)


def test_signatures_rotate() -> None:
    mac = Signer(Keys([OLD])).mac(b"data")
    both = Signer(Keys([NEW, OLD]))
    assert both.verify(b"data", mac)
    assert both.mac(b"data") != mac
    assert Signer(Keys([NEW])).verify(b"data", both.mac(b"data"))


def test_keys_from_the_environment() -> None:
    assert Keys.from_environment({}) is None
    assert Keys.from_environment({"LIVEACTIONS_KEY": " "}) is None
    keys = Keys.from_environment({"LIVEACTIONS_KEY": "0123456789abcdef,  fedcba9876543210"})
    assert keys is not None and keys.shared and len(list(keys)) == 2
    assert Signer(keys).mac(b"x") == Signer(Keys([b"0123456789abcdef"])).mac(b"x")


def test_random_keys_are_this_process_alone() -> None:
    assert not Keys.random().shared
    assert Signer(Keys.random()).mac(b"x") != Signer(Keys.random()).mac(b"x")


@pytest.mark.parametrize("secrets", [[], [""], [OLD, "short"], [b"123456789012345"]])
def test_weak_keys_are_refused(secrets: list[Any]) -> None:
    with pytest.raises(ValueError, match="key"):
        Keys(secrets)


def test_a_key_never_shows_its_secret() -> None:
    for key in Keys([NEW]):
        assert NEW not in repr(key) and key.derive("seal").hex() not in repr(key)
