"""Which HTML browsers keep as it is written. tests/client/test_malformed.py asks a browser."""

from __future__ import annotations

import pytest

from liveactions.exceptions import RenderError
from liveactions.html.balance import MAX_DEPTH, check_nesting, is_balanced

KEPT = [
    ("", ()),
    ("<p>a</p>b", ()),
    ("<P CLASS=a>x</P>", ()),
    ("<ul><li>a<li>b</ul>", ()),
    ("<ul><li><ul><li>a</li></ul></li></ul>", ()),
    ("<table><tr><td><p>x</p></td></tr></table>", ()),
    ("<table><tr><td>x</td><input type=hidden name=a></tr></table>", ()),
    ('<table><INPUT name="a" type = "hidden"></table>', ()),
    ('<table><input type="hidden" name="a"></table>', ()),
    ("<tr><td>x</td></tr>", ("table", "tbody")),
    ("<td>x</td>", ("tr",)),
    ("<td>x</td>", ()),
    ("<option>x</option>", ("select",)),
    ("<button><p>x</p></button>", ("p",)),
    ("<b>x</b>", ("p",)),
    ("<svg><a><text>x</text></a></svg>", ()),
    ("<svg><foreignObject><div>x</div></foreignObject></svg>", ()),
    ("<!-- c --><p>x</p>", ()),
    ("<script>if (a < b) {}</script>", ()),
]
MOVED = [
    ("a</p>", ()),
    ("<p>a", ()),
    ("<b><p>a</b></p>", ()),
    ("<b><p>a</b>", ()),
    ("<h1><div><h3>a</h1>foo", ()),
    ("<svg><foreignObject><p>a</svg>b", ()),
    ("<svg><p>a</p></svg>", ()),
    ("<p><span><div>a</div></span></p>", ()),
    ("<div>a</div>", ("p",)),
    ("<i><div>a</div></i>", ("p", "span")),
    ("<a>x</a>", ("a", "span")),
    ("<a><i><a>x</a></i></a>", ()),
    ("<form></form>", ("form", "div")),
    ("<button>x</button>", ("button",)),
    ("<h2>x</h2>", ("h1",)),
    ("<li>x</li>", ("li",)),
    ("<ul><li><i><li>x</li></i></li></ul>", ()),
    ("<dd>x</dd>", ("dt", "div")),
    ("<div>x</div>", ("tr",)),
    ("x", ("tr",)),
    ("<table>x<tr><td>y</td></tr></table>", ()),
    ("<table><tr><td>y</td>x</tr></table>", ()),
    ('<table><input name="a" class="hidden"></table>', ()),
    ("<div><td>x</td></div>", ()),
    ("<textarea>x</textarea>", ("select",)),
    ("<body>x</body>", ()),
    ("<plaintext>x</plaintext>", ()),
    ("<!--><p>x</p>-->", ()),
    ("<!-- a --!><p>x</p> b -->", ()),
    ("<script><!--<script></script>--></script>", ()),
    ("<p>x</p a='>'>", ()),
    ("<svg><![CDATA[>]]></svg>", ()),
]


@pytest.mark.parametrize(("html", "above"), KEPT)
def test_what_browsers_keep(html: str, above: tuple[str, ...]) -> None:
    assert is_balanced(html, above)


@pytest.mark.parametrize(("html", "above"), MOVED)
def test_what_browsers_repair(html: str, above: tuple[str, ...]) -> None:
    assert not is_balanced(html, above)


@pytest.mark.parametrize("end", ["</div>", "", "</p>", "<!-- -->"])
def test_what_is_too_deep(end: str) -> None:
    check_nesting("<div><p>" * (MAX_DEPTH // 2) + end)
    with pytest.raises(RenderError, match="nested more than 500 deep"):
        check_nesting("<div><p>" * MAX_DEPTH + end)
