// Focus and caret across a patch: kept where they are, or given to new markup that wishes for them.

/** @type {Element[]} */
let wishes = [];

/** @param {Element} element has got `autofocus`; browsers heed that only while they load a page */
export const wish = (element) => void wishes.push(element);

/** @param {ParentNode} nodes */
export const wishIn = (nodes) => nodes.querySelectorAll("[autofocus]").forEach(wish);

/**
 * Runs `work`, which changes the page.
 * @param {() => void} work
 */
export function keepFocus(work) {
  const active = /** @type {HTMLInputElement} */ (document.activeElement ?? document.body);
  const { selectionStart, selectionEnd } = active;
  work();
  if (!active.isConnected) return;
  if (active !== document.activeElement) active.focus({ preventScroll: true });
  // Null and undefined where a caret makes no sense.
  if (selectionStart != null && active.selectionStart !== selectionStart)
    active.setSelectionRange(selectionStart, selectionEnd);
}

/** Gives the focus to the first wish that is in the page now, with the caret at the end. */
export function grantFocus() {
  const element = /** @type {HTMLInputElement | undefined} */ (wishes.find((wish) => wish.isConnected));
  wishes = [];
  if (!element || element === document.activeElement) return;
  element.focus();
  if (element.selectionStart != null) element.setSelectionRange(1e9, 1e9);
}
