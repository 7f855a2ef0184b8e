// Focus and caret across a patch: kept where they are, or given to new markup that wishes for them.

export const AUTOFOCUS = "[autofocus]";

/** @type {Element[]} */
let wishes = [];

/** @param {Element} element has got `autofocus`; browsers heed that only while they load a page */
export const wish = (element) => void wishes.push(element);

/** @param {DocumentFragment} nodes */
export const wishIn = (nodes) => nodes.querySelectorAll(AUTOFOCUS).forEach(wish);

/**
 * Runs `work`, which changes the page.
 * @param {() => void} work
 */
export function keepFocus(work) {
  const active = /** @type {HTMLInputElement | null} */ (document.activeElement);
  const { selectionStart, selectionEnd, selectionDirection } = active ?? {};
  wishes = [];
  work();
  if (!active?.isConnected || document.activeElement === active) return;
  active.focus({ preventScroll: true });
  if (typeof selectionStart === "number") active.setSelectionRange(selectionStart, selectionEnd ?? null, selectionDirection ?? "none");
}

/** Gives focus to the first wish that is in the page now, with the caret at the end. */
export function grantFocus() {
  const element = /** @type {HTMLInputElement | undefined} */ (wishes.find((wish) => wish.isConnected));
  wishes = [];
  if (!element || element === document.activeElement) return;
  element.focus();
  if (typeof element.selectionStart === "number") element.setSelectionRange(element.value.length, element.value.length);
}
