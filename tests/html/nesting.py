"""Bodies that browsers repair, and what is said of them; and bodies that they keep as they are."""

from __future__ import annotations

REPAIRED = [
    ("<p>a<div>b</div></p>", "<div> isn't allowed in <p>"),
    ("<p><b><ul><li>x</li></ul></b></p>", "<ul> isn't allowed in <p>"),
    ("<p>a<table><tbody><tr><td>b</td></tr></tbody></table></p>", "<table> isn't allowed in <p>"),
    ('<a href="1">a<a href="2">b</a></a>', "<a> isn't allowed in <a>"),
    ("<button>a<button>b</button></button>", "<button> isn't allowed in <button>"),
    ("<form><form></form></form>", "<form> isn't allowed in <form>: browsers drop the inner one"),
    ("<h1>a<h2>b</h2></h1>", "<h2> isn't allowed in <h1>"),
    ("<table><div>a</div></table>", "<div> isn't allowed directly in <table>: browsers move it out"),
    ("<table><tbody>text</tbody></table>", "text isn't allowed directly in <tbody>"),
    ("<table><tbody><tr>text</tr></tbody></table>", "text isn't allowed directly in <tr>"),
    ("<table><tbody><tr><p>a</p></tr></tbody></table>", "<p> isn't allowed directly in <tr>"),
    ("<table><tbody><td>a</td></tbody></table>", "<td> needs a <tr> around it"),
    ("<div><tr><td>a</td></tr></div>", "<tr> outside of a <table>"),
    ("<ul><td>a</td></ul>", "<td> outside of a <tr>: browsers drop it"),
    ("<div><col></div>", "<col> outside of a <table>: browsers drop it"),
    ("<b><i>a</b></i>", "</b> comes before the end of <i>"),
    ("<div><span>a</div>", "</div> comes before the end of <span>"),
    ("<div>a", "<div> is never closed"),
    ("a</div>", "</div> has no start tag"),
    ("a</p>", "</p> has no start tag"),
    ("<div/>a", "<div/> isn't closed by its slash; write <div></div>"),
    ("<my-chart/><p>a</p>", "<my-chart/> isn't closed by its slash"),
]
"""HTML, and the beginning of what is said first: more may follow from one mistake."""

KEPT = [
    "",
    "text &amp; more",
    '<p title="a &gt; b">a <b>b</b></p><div>c</div>',
    "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>",
    "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td><p>b</p></td></tr></tbody></table>",
    "<table><caption>c</caption><colgroup><col></colgroup><tbody></tbody></table>",
    "<a>a<table><tbody><tr><td><a>b</a></td></tr></tbody></table></a>",
    "<svg><g><circle></circle><a>b</a></g></svg>",
    "<svg><foreignObject><p>a</p><div>b</div></foreignObject></svg>",
    "<textarea>a&lt;div&gt;</textarea><script>'</p><div>'</script><style>a > b {}</style>",
    "<template><tr><td>a</td></tr></template>",
    "<select><option>a</option><option>b</option></select>",
    "<!-- <div> --><p>a<br>b<img></p>",
    "<details><summary>a</summary><p>b</p></details>",
    "<dl><dt>a</dt><dd>b</dd></dl>",
    "<my-element><p>a</p></my-element>",
    "<p>a <button>b</button></p><noscript><p>c</p></noscript>",
]
UNCLOSED = [
    "<p>a<p>b<div>c</div>",
    "<ul><li>a<li>b</ul>",
    "<table><tbody><tr><td>a<td>b<tr><td>c</table>",
    "<dl><dt>a<dd>b</dl>",
    "<select><option>a<option>b</select>",
    "<svg><circle/><path/></svg>",
    "<br/><input/>",
]
"""Leaves out end tags as HTML allows: nothing is said."""
