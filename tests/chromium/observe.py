"""What a patch touched, as the browser saw it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

PENDING = ["aria-busy", "data-pending", "disabled"]
"""Attributes that a form has while its action runs: not the patch's."""

START = """
ignored => {
  const path = node => {
    if (!node) return "";
    if (node.nodeType !== 1) return path(node.parentNode) + "/" + node.nodeName;
    if (node.id) return "#" + node.id;
    const twins = [...(node.parentNode?.children ?? [])].filter(twin => twin.localName === node.localName);
    const place = twins.length > 1 ? `[${twins.indexOf(node) + 1}]` : "";
    return (node.parentElement ? path(node.parentElement) + " " : "") + node.localName + place;
  };
  window.touched = [];
  window.note = records => {
    for (const {type, target, attributeName, addedNodes, removedNodes} of records) {
      if (ignored.includes(attributeName)) continue;
      const [more, less] = [addedNodes.length, removedNodes.length];
      const count = (more ? `+${more}` : "") + (less ? `-${less}` : "");
      touched.push([path(target), attributeName ?? (type === "childList" ? count : "text")]);
    }
  };
  window.watcher = new MutationObserver(note);
  watcher.observe(document, {attributes: true, childList: true, characterData: true, subtree: true});
}
"""
STOP = "() => { note(watcher.takeRecords()); watcher.disconnect(); return touched; }"


@contextmanager
def watching(page: Page) -> Iterator[list[tuple[str, str]]]:
    """Collects (path of the node, what changed) of every mutation, filled in when the block ends.

    What changed is the name of an attribute, `text`, or the nodes added and removed: `+2-1`.
    """
    seen: list[tuple[str, str]] = []
    page.evaluate(START, PENDING)
    yield seen
    seen += [(place, change) for place, change in page.evaluate(STOP)]


@contextmanager
def counting_layouts(page: Page) -> Iterator[list[int]]:
    """How often the page is laid out within the block, the frame after it included."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def count() -> int:
        page.evaluate("() => new Promise(requestAnimationFrame)")
        metrics = {
            metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]
        }
        return int(metrics["LayoutCount"])

    counts: list[int] = []
    before = count()
    yield counts
    counts.append(count() - before)
    session.detach()
