"""The renders of an open page: computes patches between them, and finds what slots and references name.

Renders are kept from the revision of the last operation or acknowledgement on. A session that has been idle
for a while only keeps digests, to compare the next render with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ..actions.action import ActionRef
from ..diff import ClientState, full, keeps_places, patch
from ..exceptions import UnknownAction
from ..pages.page import Page
from ..protocol.messages import Change
from ..store.snapshots import Digests
from ..templates import Fragment
from ..templates.digests import digest_of, digests_of
from ..templates.fragments import Numbering, lists_in

MAX_REVISIONS: Final = 64
"""Maximum number of renders that are kept if a page acknowledges none."""


class RenderHistory:
    """The newest render of a page, and older ones whose slots operations may still name."""

    def __init__(self) -> None:
        self.known = ClientState()
        self._fragments: dict[int, Fragment] = {}
        self.newest: Fragment | None = None
        """The newest render; None if it was dropped."""
        self.shape_since = 0
        """The first revision whose root has the newest shape. Older ones can't be patched."""
        self._shape: bytes = b""
        self._digest: bytes = b""
        self._digests: Digests | None = None
        self._missed: Change = []
        self._numberings: Sequence[Numbering | None] = ()
        """How the lists of the render that was dropped are numbered, if not all are as in a first render."""
        self._assumed: Fragment | None = None
        """The render that the page is assumed to show, if its own was dropped and has changed since."""
        self._doubts = 0
        """How often the browser has found markers in the wrong places; `is_raw` from 2 on."""

    def begin(self, in_doubt: bool = False, as_loaded: bool = False) -> None:
        """Begin with a client that knows no shapes.

        If it is `in_doubt`, it has found markers in the wrong places: in the page `as_loaded`, or later.
        """
        self.known = ClientState(self.known.is_exact and not in_doubt)
        self._doubts += in_doubt + (in_doubt and as_loaded)

    @property
    def is_raw(self) -> bool:
        """Whether the page is rendered without slots: the browser's parser, or something on the way, doesn't
        leave the markers in their places.
        """
        return self._doubts > 1

    def reset(
        self,
        shape: bytes = b"",
        digest: bytes = b"",
        digests: Digests | None = None,
        missed: Sequence[Any] = (),
    ) -> None:
        """Drop all renders. What the page shows, after the patch that it `missed`, is known by digests only.

        Without a `shape`, it is unknown: the next render is sent as a whole page.
        """
        self.newest, self._shape, self._digest, self._digests = None, shape, digest, digests
        self._missed = list(missed)
        self._numberings = ()
        self._fragments.clear()

    def drop(self) -> None:
        """Drop all renders. What the page shows is known by digests, and by how its lists are numbered."""
        newest = self.newest
        if newest is not None:
            numberings = [items.numbering for items in lists_in(newest)]
            self.reset(newest.shape.digest, digest_of(newest), digests_of(newest))
            self._numberings = numberings if any(numberings) else ()

    def root_digests(self) -> tuple[bytes, bytes]:
        """Return the digest of the root's shape, and the digest of everything that is shown."""
        newest = self.newest
        return (newest.shape.digest, digest_of(newest)) if newest is not None else (self._shape, self._digest)

    def digests(self) -> Digests | None:
        """Return the digests of the newest render, if they are known."""
        return digests_of(self.newest) if self.newest else self._digests

    def change(self, new: Fragment, base: int | None = None) -> Change:
        """Return the patch from the newest render, or that of an older revision, to `new`.

        It is ``{"page": ""}`` if the page's whole HTML must be sent; `new` must then be rendered from
        scratch.
        """
        old = self.newest if base is None else self._fragments.get(base)
        if old is not None:
            change = patch(old, new, self.known)
        elif new.shape.digest != self._shape or base is not None:
            change = {"page": ""}
        elif digest_of(new) == self._digest:
            change = self._missed
            self._renumber(new)
        else:
            own = digests_of(new)[1]
            known = self._digests[1] if self._digests and not self._numberings else [b""] * len(own)
            change = full(new, known, self.known)
        if type(change) is dict:
            self.known.forget_strings()
        return change

    def _renumber(self, same: Fragment) -> None:
        """Number the lists of a render as those of the one that was dropped, which showed the same."""
        for items, numbering in zip(lists_in(same), self._numberings, strict=False):
            if numbering is not None:
                items.renumber(numbering)

    def record(self, rev: int, fragment: Fragment) -> None:
        """Record that revision `rev` shows this fragment."""
        newest = self.newest
        if fragment.shape.digest != (self._shape if newest is None else newest.shape.digest):
            self.shape_since = rev
        self.newest = self._fragments[rev] = fragment
        self._assumed, self._numberings = None, ()
        if len(self._fragments) > MAX_REVISIONS:
            del self._fragments[next(iter(self._fragments))]

    def pending_patches(self, since: int) -> Iterator[tuple[int, Change]]:
        """Yield revisions since `since`, and the patch from each to the newest render.

        Only patches that change text and attributes in the same places: a process without these renders can
        send them.
        """
        newest = self.newest
        if newest is None or not newest.is_pristine():
            return
        for rev, old in self._fragments.items():
            if rev >= since and old is not newest and old.is_pristine():
                change = patch(old, newest, ClientState(is_exact=False))
                if keeps_places(change):
                    yield rev, change

    def forget(self, before: int) -> None:
        """Drop renders of revisions before this one: none of their slots can be named any more."""
        fragments = self._fragments
        while len(fragments) > 1 and (oldest := next(iter(fragments))) < before:
            del fragments[oldest]

    def reference(self, rev: int, address: Sequence[int]) -> ActionRef[..., object]:
        """Return the action that a slot showed at a revision. Raise `UnknownAction` if it showed none."""
        fragment = self._fragments.get(rev)
        try:
            found = fragment.at(address) if fragment is not None else None
        except LookupError:
            found = None
        if not isinstance(found, ActionRef):
            raise UnknownAction("no action at this address")
        return found

    def shows(self, rev: int, ref: ActionRef[..., object], mac: str) -> bool:
        """Return whether a revision shows a reference, whose signature as text is `mac`. If that revision's
        render was dropped, the newest one counts.
        """
        fragment = self._fragments.get(rev) or self.newest or self._assumed
        return fragment is not None and fragment.shows(ref, mac)

    def evict(self) -> None:
        """Drop what can be rendered again, once the page has applied the newest render."""
        if len(self._fragments) == 1:
            self.drop()

    def rerender(self, page: Page, rev: int) -> None:
        """Render again what was dropped. If the page has changed, its slots stay unknown, but the references
        that it shows now are accepted.
        """
        fragment = page.__fragment__(None)
        if digest_of(fragment) == self._digest:
            self._renumber(fragment)
            self.record(rev, fragment)
        else:
            self._assumed = fragment
