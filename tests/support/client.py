"""The client, as tests in a browser see it."""

from __future__ import annotations

from typing import Any

LOAD_LAZY = """async () => {
  await (await import(document.querySelector("script[data-live]").src)).loadLazy();
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => { port1.onmessage = resolve; port2.postMessage(0); });
}"""


def load_lazy(page: Any) -> None:
    """Return when the lazy half of the client is loaded, and what waited for it is done."""
    page.evaluate(LOAD_LAZY)
