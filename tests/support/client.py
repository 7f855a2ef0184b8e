"""Load the client's lazy modules in browser tests."""

from __future__ import annotations

from typing import Any

from liveactions.pages.page_html import FOLDER, Assets

FEATURES = [Assets().name(path.stem) for path in FOLDER.glob("lazy/*.js")]
LOAD_LAZY = """async (features) => {
  const { src } = document.querySelector("script[data-live]");
  await (await import(src)).loadLazy();
  await Promise.all(features.map((feature) => import(new URL(feature, src))));
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => { port1.onmessage = resolve; port2.postMessage(0); });
}"""


def load_lazy(page: Any) -> None:
    """Load the lazy part of the client with all features, and wait until it has handled pending work."""
    page.evaluate(LOAD_LAZY, FEATURES)
