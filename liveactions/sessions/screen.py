"""What a browser shows of a page: the fragments of its revisions, and patches between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ..actions.ref import ActionRef
from ..diff import Known, full, keeps_places, patch
from ..errors import UnknownAction
from ..pages.page import Page
from ..protocol import Change
from ..snapshot import Digests
from ..template import Fragment
from ..template.fragment import digest_of

MOST: Final = 64
"""Revisions that are kept at most, when a page acknowledges none."""


class Screen:
    """The newest rendering of a page, and older ones that ops may still name slots of."""

    def __init__(self) -> None:
        self.known = Known()
        self._fragments: dict[int, Fragment] = {}
        self._newest: Fragment | None = None
        self._shape: bytes = b""
        self._mark: bytes = b""
        self._digests: Digests | None = None
        self._missed: Change = []
        self._supposed: Fragment | None = None
        """What is taken to be shown where nothing better is known."""

    @property
    def newest(self) -> Fragment | None:
        """The newest rendering; None when it was dropped."""
        return self._newest

    def begin(self, in_doubt: bool = False) -> None:
        """A client that knows no shapes; `in_doubt` of what its page has come to be."""
        self.known = Known(self.known.is_exact and not in_doubt)

    def recall(self, shape: bytes, mark: bytes, digests: Digests | None, missed: Sequence[Any] = ()) -> None:
        """What is shown is known by its digests only, once the page has got the patch that it missed."""
        self._newest, self._shape, self._mark, self._digests = None, shape, mark, digests
        self._missed = list(missed)
        self._fragments.clear()

    @property
    def shape(self) -> bytes:
        """The digest of the root's shape."""
        return self._newest.shape.digest if self._newest else self._shape

    @property
    def mark(self) -> bytes:
        """A digest of all that is shown."""
        return digest_of(self._newest) if self._newest else self._mark

    def digests(self) -> Digests | None:
        return self._newest.digests() if self._newest else self._digests

    def draw(self, page: Page, *, afresh: bool = False) -> Fragment:
        """The page as it is now. Raises whatever its template does."""
        return page.__fragment__(None if afresh else self._newest)

    def change(self, new: Fragment, base: int | None = None) -> Change:
        """What leads from the newest rendering, or that of an older revision, to `new`.

        ``{"page": ""}`` where only the page's whole HTML does; `new` must then have been drawn afresh.
        """
        change = self._change(new, base)
        if type(change) is dict:
            self.known.forget_strings()
        return change

    def _change(self, new: Fragment, base: int | None) -> Change:
        old = self._newest if base is None else self._fragments.get(base)
        if old is not None:
            return patch(old, new, self.known)
        if new.shape.digest != self._shape or base is not None:
            return {"page": ""}
        if digest_of(new) == self._mark:
            return self._missed
        own = new.digests()[1]
        return full(new, self._digests[1] if self._digests else [b""] * len(own), self.known)

    def keep(self, rev: int, fragment: Fragment) -> None:
        """The fragment is what revision `rev` shows."""
        self._newest = self._fragments[rev] = fragment
        self._supposed = None
        if len(self._fragments) > MOST:
            del self._fragments[next(iter(self._fragments))]

    def missed(self, since: int) -> Iterator[tuple[int, Change]]:
        """What leads to the newest rendering from each older one that the page may show, by revision.

        Only where that is other text and other attributes in the same places: a process that has none of
        these renderings can tell it to the page.
        """
        newest = self._newest
        if newest is None or not newest.is_pristine():
            return
        for rev, old in self._fragments.items():
            if rev >= since and old is not newest and old.is_pristine():
                change = patch(old, newest, Known(is_exact=False))
                if keeps_places(change):
                    yield rev, change

    def forget(self, before: int) -> None:
        """No slot of an older revision will be named."""
        fragments = self._fragments
        while len(fragments) > 1 and (oldest := next(iter(fragments))) < before:
            del fragments[oldest]

    def reference(self, rev: int, address: Sequence[int]) -> ActionRef[..., object]:
        """The action that a slot showed at a revision. `UnknownAction` when it showed none."""
        fragment = self._fragments.get(rev)
        try:
            found = fragment.at(address) if fragment is not None else None
        except LookupError:
            found = None
        if not isinstance(found, ActionRef):
            raise UnknownAction("nothing to call there")
        return found

    def shows(self, rev: int, ref: ActionRef[..., object], mac: str) -> bool:
        """Whether a revision shows a reference, `mac` being its signature as text. Where what that revision
        showed is unknown, the newest one counts.
        """
        fragment = self._fragments.get(rev) or self._newest or self._supposed
        return fragment is not None and fragment.shows(ref, mac)

    def rest(self) -> None:
        """Drop what can be rendered again: all, if list items would get the numbers that they have."""
        newest = self._newest
        if newest is not None and len(self._fragments) == 1 and newest.is_pristine():
            self.recall(newest.shape.digest, digest_of(newest), newest.digests())

    def revive(self, page: Page, rev: int) -> None:
        """Render again what was dropped. When the page isn't what it was, no slot is known, but what it
        shows now tells which references it has.
        """
        fragment = page.__fragment__(None)
        if digest_of(fragment) == self._mark:
            self.keep(rev, fragment)
        else:
            self._supposed = fragment
