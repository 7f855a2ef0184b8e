"""A page without a template: what a Markdown library makes of a text, while it is typed."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup

from liveactions import Page, Pages, action

pages = Pages()
markdown = MarkdownIt("js-default")  # no HTML of the visitor's
PAGE = Markup("""<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Preview</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/static/style.css">
</head>
<body>
  <nav><a href="/">Examples</a></nav>
  <main>
    <h1>Preview</h1>
    <form method="post" action="{write}" live-input.debounce.150="{write}">
      <p><label for="text">Markdown</label> <textarea id="text" name="text" rows="8">
{text}</textarea></p>
      <p><button>Preview</button></p>
    </form>
    <article>{html}</article>
  </main>
</body>
</html>
""")


@pages.page("/preview")
class Preview(Page):
    """Only what has changed since the last render is sent to the page."""

    text: str = "Some *Markdown*:\n\n- one\n- two\n"

    @action
    async def write(self, text: str = "") -> None:
        self.text = text

    def render(self) -> Markup:
        return PAGE.format(write=self.write, text=self.text, html=Markup(markdown.render(self.text)))
