from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from liveactions.security.references import Reference, quoted
from liveactions.security.signing import Keys, Signer

SIGNER = Signer(Keys(["k" * 32]))
PATHS = st.from_regex(r"[a-z_]\w{0,5}(\.[\w-]{1,5}){0,2}", fullmatch=True)
ARGUMENTS = st.text(max_size=12)
"""Bound arguments contain any characters, the separator included."""


@given(PATHS, ARGUMENTS)
def test_a_reference_is_read_as_it_was_written(path: str, args: str) -> None:
    text = Reference(path, args).signed(SIGNER, "page")
    reference = Reference.parse(text)
    assert reference[:2] == (path, args) and reference.is_signed(SIGNER, "page")
    assert Reference.signature(text) == reference.mac


@given(PATHS, ARGUMENTS, PATHS, ARGUMENTS)
def test_a_signature_is_valid_for_its_path_arguments_and_context_only(
    path: str, args: str, other_path: str, other_args: str
) -> None:
    assume((path, args) != (other_path, other_args))
    reference = Reference.parse(Reference(path, args).signed(SIGNER, "page"))
    assert not Reference(other_path, other_args, reference.mac).is_signed(SIGNER, "page")
    assert not reference.is_signed(SIGNER, "page of somebody else")
    assert not Reference(path, args).is_signed(SIGNER, "page")


@given(st.text(max_size=20))
def test_any_text_can_be_read_and_only_what_was_signed_is_valid(text: str) -> None:
    reference = Reference.parse(text)
    assert text in (reference.path, reference.key, "~".join(reference[:2]), "~".join(reference))
    assert not reference.is_signed(SIGNER, "page")


@given(PATHS, ARGUMENTS)
def test_a_quoted_reference_is_one_parameter_of_an_address(path: str, args: str) -> None:
    text = Reference(path, args).signed(SIGNER, "page")
    assert parse_qs(f"_a={quoted(text)}&b=1")["_a"] == [text]


@pytest.mark.parametrize(
    ("reference", "other", "is_covered"),
    [
        (Reference("save"), Reference("save"), True),
        (Reference("save"), Reference("save", "1"), True),
        (Reference("save", "1"), Reference("save", "1,2"), True),
        (Reference("save", "1"), Reference("save", '1*{"by":2}'), True),
        (Reference("save", "1"), Reference("save"), False),
        (Reference("save", "1"), Reference("save", "17"), False),
        (Reference("save", "1,2"), Reference("save", "1"), False),
        (Reference("save"), Reference("saved"), False),
        (Reference("save"), Reference("row.save"), False),
    ],
)
def test_a_reference_covers_those_with_more_arguments(
    reference: Reference, other: Reference, is_covered: bool
) -> None:
    assert reference.covers(other) is is_covered
