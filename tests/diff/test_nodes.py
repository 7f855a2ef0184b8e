"""Edit lists: what they make of the old string's nodes is what the new string looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liveactions.diff import nodes
from liveactions.diff.client_state import change
from liveactions.diff.nodes import edits
from liveactions.diff.strings import windows
from liveactions.html.balance import is_parsed_alike
from liveactions.testing.raw_html import confirm
from tests.diff.test_strings import LONG, edited

ROWS = "".join(f'<tr id="r{n}"><td>{n}</td>\n<td class="x">row <b>{n}</b></td></tr>\n' for n in range(600))
TABLE = f"<h1>T</h1>\n<table>\n<tbody>\n{ROWS}</tbody></table><p>end</p>"
ROW = '<tr id="r300"><td>300</td>\n<td class="x">row <b>300</b></td></tr>\n'


def told(old: str, new: str) -> list[Any] | None:
    """The edit list of a change; checked."""
    found = json.loads(json.dumps(change(old, new)))
    if "e" in found:
        confirm(old, new, found["e"], found["d"], ())
    return found.get("e")  # type: ignore[no-any-return]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("new", "kinds"),
    [
        (TABLE.replace("row <b>300</b>", "row <b>three hundred</b>"), [7]),
        (TABLE.replace("<h1>T</h1>", "<h1>Title</h1>").replace("<p>end</p>", "<p>END</p>"), [7, 7]),
        (TABLE.replace('id="r300"', 'id="r300" class="chosen"'), [2]),
        (TABLE.replace(ROW, ROW.replace('class="x"', "")), [2]),
        (TABLE.replace(ROW, ROW + ROW.replace("300", "300a")), [7]),
        (TABLE.replace(ROW, ""), [7]),
        (TABLE.replace(ROW, "").replace("</tbody>", f"{ROW}</tbody>"), [5]),
        (TABLE.replace("row <b>300</b>", "<i>row</i> 300"), [7]),
        (TABLE.replace("<b>300</b>", "<em>300</em>"), [7]),
        (TABLE.replace("<p>end</p>", "<p>end \U0001f600</p><hr>"), [7]),
    ],
)
def test_where_the_change_is(new: str, kinds: list[int]) -> None:
    found = told(TABLE, new)
    assert found is not None
    assert [len(edit) for edit in found] == kinds


def test_what_moves_to_where_a_tag_changes() -> None:
    """2026/1538 of the random cases: two changes at one place of the old string."""
    old = f'<audio title="x"></audio>{TABLE}<select data-x="1"><option>y</option></select>'
    new = f'<select data-x="1"><option>y</option></select><audio></audio>{TABLE}'
    assert told(old, new) == [[[0], ["title", None]], [[], 5, 1, [], 0]]


def test_offsets_are_in_units_of_browsers() -> None:
    old = f"<p>\U0001f600</p>{TABLE}"
    found = told(old, old.replace("<p>end</p>", "<p>END</p>"))
    assert found is not None
    assert found[0][3] == len(old) + 1 - len("end</p>")


@pytest.mark.parametrize(
    "new",
    [
        LONG,  # short
        TABLE.replace("row <b>300</b>", "row <b>300"),  # not whole elements
        TABLE.replace("<p>end</p>", "<p>end<div>x</div></p>"),  # the paragraph ends earlier
        TABLE.replace(ROW, "text" + ROW),  # moves in front of the table
        TABLE.replace(ROW, "<div>x</div>" + ROW),
        TABLE.replace("<h1>T</h1>", "<h1>T<h2>U</h2></h1>"),
        TABLE.replace("<h1>T</h1>", "<h1>T</h1><!-- -->"),
        TABLE.replace("<h1>T</h1>", "<h1>T</h1><script>1</script>"),
        TABLE.replace("row", "line"),  # everywhere
    ],
)
def test_what_would_change_more_than_itself_isnt_told(new: str) -> None:
    assert told(LONG if new == LONG else TABLE, new + " " if new == LONG else new) is None


@pytest.mark.parametrize(
    ("html", "above", "is_so"),
    [
        ("<b>x</b>", ["p"], True),
        ("<ul><li>x</li></ul>", ["div"], True),
        ("<ul><li>x</li></ul>", ["p"], False),
        ("<li>x</li>", ["div", "ul"], True),
        ("<li>x</li>", ["li", "div"], False),
        ("<a>x</a>", ["a", "b"], False),
        ("<form></form>", ["form", "div"], False),
        ("<tr><td>x</td></tr>", ["table", "tbody"], True),
        ("<tr><td>x</td></tr>", ["table"], False),
        ("<tr><td>x</td></tr>", [], True),
        ("\n<tr></tr>\n", ["tbody"], True),
        ("<tr></tr>x", ["tbody"], False),
        ("<option>x</option>", ["select"], True),
        ("<option>x</option>", ["div"], False),
        ("<b>x</b>", ["select"], False),
        ("<p>x</p>", ["svg"], False),
        ("<circle></circle>", ["svg"], True),
        ("<body>", [], False),
        ("<i>x", [], False),
        ("<h2>x</h2>", ["h1"], False),
        ("<embed>", ["table", "form"], False),
        ("<b>x</b>", ["table", "tbody", "form", "p"], False),
        ("<embed>", ["table", "tbody", "tr", "td", "form"], True),
    ],
)
def test_what_means_the_same_wherever_it_stands(html: str, above: list[str], is_so: bool) -> None:
    assert is_parsed_alike(html, above) is is_so


def test_the_example_in_the_documentation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "MIN_LENGTH", 0)
    old, new = (line.strip() for line in str(nodes.__doc__).splitlines() if line.startswith("    <h1>"))
    assert windows(old, new) == [(33, 37, 33, 53)]
    found = edits(old, new, windows(old, new))
    assert found is not None and found[0] == [[[1], 1, 1, 29, 13, 29, 29]]
    assert str(found[0][0]) in str(nodes.__doc__)


@given(edited(), st.sampled_from(["{}", "<ul>{}</ul>", "<table><tr><td>{}</td></tr></table>", "<p>{}</p>"]))
def test_any_edits(strings: tuple[str, str], around: str) -> None:
    old, new = (around.format(text.replace("\0", "")) for text in strings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nodes, "MIN_LENGTH", 0)
        found = edits(old, new, windows(old, new))
    if found is not None:
        confirm(old, new, json.loads(json.dumps(found[0])), found[1], ())
