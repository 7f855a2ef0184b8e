// `autofocus` in markup that a patch brings: browsers heed it only while they load a page.

import { carry, heirOf } from "./carry.js";
import { checkVisibility, childNodes, closest, focus, getAttribute, hasAttribute, isConnected, matches, querySelectorAll, removeAttribute, setAttribute } from "./members.js";

const observer = new MutationObserver(() => {});

export function watchAutofocus() {
  addEventListener("live:patch", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.phase === "before") {
      observer.observe(document, { attributeFilter: ["autofocus"], childList: true, subtree: true });
    }
  });
}

/** What came so far doesn't wish for anything: the whole page is another. */
export const forgetAutofocus = () => void observer.takeRecords();

/** Gives the focus to the first that wishes for it, with the caret at the end. */
export function applyAutofocus() {
  const records = observer.takeRecords();
  observer.disconnect();
  carry(records);
  const moved = new Set(records.flatMap(({ removedNodes }) => [...removedNodes]));
  const element = records.flatMap(({ addedNodes, target, type }) => (type === "attributes" ? target : [...addedNodes]))
    .filter((node) => !moved.has(node)).flatMap(autofocusIn).find((element) => isConnected(element));
  if (!element || element === document.activeElement) return;
  element.focus();
  if (element.selectionStart != null) element.setSelectionRange(1e9, 1e9);
}

/** @param {Node} node @returns {any[]} */
const autofocusIn = (node) =>
  node instanceof Element ? [...(matches(node, "[autofocus]") ? [node] : []), ...querySelectorAll(node, "[autofocus]")] : [];

// Where the focus goes when a patch has removed the focused element: to its replacement, else to its nearest neighbour.

/** @type {WeakMap<Element, Element>} what had the focus when a dialog opened */
export const openers = new WeakMap();

/**
 * @param {any} removed had the focus
 * @param {Range} place where it was
 */
export function refocus(removed, { endOffset, startContainer }) {
  if (document.activeElement !== document.body) return; // somebody else has got it
  const heir = document.getElementById(getAttribute(removed, "id") ?? "") ?? heirOf(removed);
  const opener = openers.get(/** @type {Element} */ (closest(removed, "dialog")));
  if (heir) transferFocus(heir, removed);
  else if (opener && isConnected(opener)) forceFocus(opener);
  else forceFocus(nearest(startContainer, endOffset));
}

/** @param {any} heir @param {any} removed */
export function transferFocus(heir, removed) {
  const { selectionStart, selectionEnd } = removed;
  heir.focus({ preventScroll: true });
  if (selectionStart != null && heir.selectionStart != null) heir.setSelectionRange(selectionStart, selectionEnd);
}

/** What stands behind the place, else before it, else around it. @param {Node} parent @param {number} offset */
function nearest(parent, offset) {
  const children = [...childNodes(parent)];
  const siblings = [...children.slice(offset), ...children.slice(0, offset).reverse()];
  return siblings.find((node) => node instanceof HTMLElement && checkVisibility(node)) ?? parent;
}

/** Focuses what usually can't be, for as long as it has the focus. @param {any} element */
export function forceFocus(element) {
  if (element === document.body || !("focus" in element)) return;
  focus(element, { preventScroll: true });
  if (document.activeElement === element || hasAttribute(element, "tabindex")) return;
  setAttribute(element, "tabindex", "-1");
  addEventListener.call(element, "blur", () => removeAttribute(element, "tabindex"), { once: true });
  focus(element, { preventScroll: true });
}
