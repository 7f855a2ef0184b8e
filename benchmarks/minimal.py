"""Compare the bytes of patches of raw HTML with those of general diff tools."""

from __future__ import annotations

import difflib
import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lxml import etree, html
from pydantic_core import to_json
from xmldiff.formatting import DiffFormatter
from xmldiff.main import diff_trees

from benchmarks.pages import pages
from benchmarks.report import Line
from liveactions.diff.client_state import change

EDITS = 30
SEED = 4


@dataclass(frozen=True)
class Edit:
    """Two states of a page. `changed`: the number of bytes that differ, if they are in one place."""

    page: str
    kind: str
    old: Any
    new: Any
    changed: int | None

    @property
    def strings(self) -> tuple[str, str]:
        return source(self.old), source(self.new)

    def patch(self) -> int:
        return len(to_json(change(*self.strings)))

    def xmldiff(self) -> int:
        actions = diff_trees(self.old, self.new, {"fast_match": True})
        text = DiffFormatter().format(actions, self.old)
        return len(text.encode())

    def difflib(self) -> int:
        old, new = (text.splitlines() for text in self.strings)
        lines = list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:]
        return len("\n".join(lines).encode())


def source(root: Any) -> str:
    """Return the content of a page's only element."""
    text: str = etree.tostring(root, method="html", encoding="unicode")
    return text[len("<div>") : -len("</div>")]


Change = Callable[[random.Random, Any], int | None]
"""Changes a tree; returns the bytes of what is new or gone, or None where that is in several places."""


def _elements(root: Any, wanted: Callable[[Any], bool] = lambda one: True) -> list[Any]:
    return [one for one in root.iterdescendants() if isinstance(one.tag, str) and wanted(one)]


def _size(element: Any) -> int:
    return len(etree.tostring(element, method="html", encoding="utf-8", with_tail=False))


def word(rng: random.Random, root: Any) -> int:
    one = rng.choice(_elements(root, lambda one: bool((one.text or "").strip())))
    words = one.text.split(" ")
    n = rng.choice([n for n, word in enumerate(words) if word.strip()])
    words[n] = words[n].replace(words[n].strip(), rng.choice(["changed", "x", "quite another"]))
    changed = max(len(one.text.split(" ")[n]), len(words[n]))
    one.text = " ".join(words)
    return changed


def sentence(rng: random.Random, root: Any) -> int:
    one = rng.choice(_elements(root, lambda one: bool((one.text or "").strip())))
    added = " And one more sentence, to be read by everybody."
    one.text += added
    return len(added)


def value(rng: random.Random, root: Any) -> int:
    one = rng.choice(_elements(root, lambda one: bool(one.attrib)))
    name = rng.choice(one.attrib.keys())
    old, one.attrib[name] = one.attrib[name], "another-value"
    return max(len(old), len("another-value"))


def attribute(rng: random.Random, root: Any) -> int:
    rng.choice(_elements(root)).set("title", "A title")
    return len(' title="A title"')


def insert(rng: random.Random, root: Any) -> int:
    one = rng.choice(_elements(root))
    new = etree.Element("p", {"class": "note"})
    new.text = "Something that was not there before."
    one.addprevious(new)
    return _size(new)


def again(rng: random.Random, root: Any) -> int:
    one = rng.choice(_elements(root, lambda one: len(one) < 6))
    new = deepcopy(one)
    one.addnext(new)
    return _size(new) + len(new.tail or "")


def remove(rng: random.Random, root: Any) -> int:
    one = rng.choice(_elements(root, lambda one: len(one) < 6 and len(one.getparent()) > 1))
    size = _size(one)
    one.drop_tree()
    return size


def move(rng: random.Random, root: Any) -> int:
    one = rng.choice(
        _elements(root, lambda one: len(one.getparent()) > 2) or list(root[0].iterdescendants("div"))
    )
    parent = one.getparent()
    others = [other for other in parent if other is not one and other.getprevious() is not one]
    rng.choice(others).addprevious(one)
    return _size(one) + len(one.tail or "")


def rename(rng: random.Random, root: Any) -> int:
    one = rng.choice(_elements(root))
    one.tag = "strong" if one.tag != "strong" else "em"
    return len("<strong></strong>")


def wrap(rng: random.Random, root: Any) -> int:
    one = rng.choice(_elements(root))
    outer = etree.Element("mark")
    one.addprevious(outer)
    outer.tail, one.tail = one.tail, None
    outer.append(one)
    return len("<mark></mark>")


def unwrap(rng: random.Random, root: Any) -> int:
    one = rng.choice(_elements(root))
    size = (
        _size(one)
        - sum(_size(child) + len((child.tail or "").encode()) for child in one)
        - len((one.text or "").encode())
    )
    one.drop_tag()
    return size


def several(rng: random.Random, root: Any) -> None:
    for one in rng.sample([word, attribute, insert, remove, value] * 2, 5):
        one(rng, root)


def everywhere(rng: random.Random, root: Any) -> None:
    tag = rng.choice(_elements(root)).tag
    for one in root.iter(tag):
        one.set("class", "all-of-them")


def backwards(rng: random.Random, root: Any) -> None:
    parent = rng.choice(_elements(root, lambda one: len(one) > 2) or [root])
    parent[:] = list(parent)[::-1]


def shuffle(rng: random.Random, root: Any) -> None:
    parent = rng.choice(_elements(root, lambda one: len(one) > 2) or [root])
    parent[:] = rng.sample(list(parent), len(parent))


SINGLE: list[Change] = [word, sentence, value, attribute, insert, again, remove, move, rename, wrap, unwrap]
MANY: list[Change] = [several, several, everywhere, backwards, shuffle]


def edits() -> Iterator[Edit]:
    """Return the edits, which are the same in each run."""
    for name, text in pages().items():
        rng = random.Random(f"{SEED} {name}")
        root = html.fragment_fromstring(text, create_parent="div")
        for n in range(EDITS):
            one = SINGLE[n % len(SINGLE)] if n < 2 * len(SINGLE) else MANY[n % len(MANY)]
            new = deepcopy(root)
            changed = one(rng, new)
            if source(new) != source(root):
                yield Edit(name, one.__name__, root, new, changed)


def measure() -> list[Line]:
    """Count patches that are larger than those of other tools, and compare edits with the minimum."""
    found = [(edit, edit.patch(), edit.xmldiff(), edit.difflib()) for edit in edits()]
    single = [(edit, size) for edit, size, _, _ in found if edit.changed is not None]
    beyond = [edit for edit, size in single if size > 1.5 * (edit.changed or 0) + 20]
    return [
        Line("edits of ten pages", len(found)),
        Line("larger than xmldiff's", sum(size > other for _, size, other, _ in found), at_most=0),
        Line("larger than difflib's", sum(size > other for _, size, _, other in found), at_most=0),
        Line("single edits beyond 1.5 times what is changed, plus 20", len(beyond), at_most=0),
        Line("of the bytes of xmldiff", _share(found, 2)),
        Line("of the bytes of difflib", _share(found, 3)),
    ]


def _share(found: list[tuple[Any, ...]], other: int) -> float:
    return float(sum(row[1] for row in found) / sum(row[other] for row in found))
