// `autofocus` in markup that a patch brings: browsers heed it only while they load a page.

const observer = new MutationObserver(() => {});

export function watchWishes() {
  addEventListener("live:patch", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.phase === "before") {
      observer.observe(document, { attributeFilter: ["autofocus"], childList: true, subtree: true });
    }
  });
}

/** What came so far doesn't wish for anything: the whole page is another. */
export const forgetWishes = () => void observer.takeRecords();

/** Gives the focus to the first that wishes for it, with the caret at the end. */
export function grantFocus() {
  const records = observer.takeRecords();
  observer.disconnect();
  const moved = new Set(records.flatMap(({ removedNodes }) => [...removedNodes]));
  const element = records.flatMap(({ addedNodes, target, type }) => (type === "attributes" ? target : [...addedNodes]))
    .filter((node) => !moved.has(node)).flatMap(wishesIn).find((wish) => wish.isConnected);
  if (!element || element === document.activeElement) return;
  element.focus();
  if (element.selectionStart != null) element.setSelectionRange(1e9, 1e9);
}

/** @param {Node} node @returns {any[]} */
const wishesIn = (node) =>
  node instanceof Element ? [...(node.matches("[autofocus]") ? [node] : []), ...node.querySelectorAll("[autofocus]")] : [];
