// Focuses elements with `autofocus` that a patch has added, since browsers do so only while loading a page; and moves the focus
// when a patch has removed the focused element.

import { addedBy, carry, heirOf } from "./carry.js";
import { loaded } from "./loading.js";
import { checkVisibility, childNodes, closest, focus, getAttribute, hasAttribute, isConnected, removeAttribute, setAttribute } from "./members.js";

const observer = new MutationObserver(() => {});

/** Record the nodes that patches add and remove. */
export function watchAutofocus() {
  addEventListener("live:patch", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.phase === "before") {
      observer.observe(document, { attributeFilter: ["autofocus"], childList: true, subtree: true });
    }
  });
}

/** Ignore the elements added so far, since the whole page was replaced. */
export const forgetAutofocus = () => void observer.takeRecords();

/**
 * Focus the first element that has got `autofocus`, or was added with it, with the caret at the end; also carry over unsaved
 * input. If the patch has replaced large parts of the page, all that was in them is restored instead. Called after each patch.
 */
export function applyAutofocus() {
  const changes = observer.takeRecords();
  observer.disconnect();
  const records = loaded.restoring?.restore() ? [] : changes;
  carry(records);
  const marked = records.flatMap(({ target, type }) => (type === "attributes" ? target : []))
    .filter((target) => isConnected(target) && hasAttribute(target, "autofocus"));
  const [element] = /** @type {any[]} */ ([...marked, ...addedBy("[autofocus]")]);
  if (!element || element === document.activeElement) return;
  element.focus();
  if (element.selectionStart != null) element.setSelectionRange(1e9, 1e9);
}

// When a patch has removed the focused element, the focus moves to its replacement, or else to its nearest neighbour.

/** @type {WeakMap<Element, Element>} the elements that had the focus when a dialog opened, by dialog */
export const openers = new WeakMap();

/**
 * Move the focus when the focused element was removed.
 * @param {any} removed the element
 * @param {Range} place where it was
 */
export function refocus(removed, { endOffset, startContainer }) {
  if (document.activeElement !== document.body) return; // something else was focused meanwhile
  const heir = document.getElementById(getAttribute(removed, "id") ?? "") ?? heirOf(removed);
  const opener = openers.get(/** @type {Element} */ (closest(removed, "dialog")));
  if (heir) transferFocus(heir, removed);
  else if (opener && isConnected(opener)) forceFocus(opener);
  else forceFocus(nearest(startContainer, endOffset));
}

/** Move the focus and the caret to the element that replaces a removed one. @param {any} heir @param {any} removed */
export function transferFocus(heir, removed) {
  const { selectionStart, selectionEnd } = removed;
  heir.focus({ preventScroll: true });
  if (selectionStart != null && heir.selectionStart != null) heir.setSelectionRange(selectionStart, selectionEnd);
}

/**
 * The first visible element after a position, else before it, else its parent.
 * @param {Node} parent
 * @param {number} offset
 */
function nearest(parent, offset) {
  const children = [...childNodes(parent)];
  const siblings = [...children.slice(offset), ...children.slice(0, offset).reverse()];
  return siblings.find((node) => node instanceof HTMLElement && checkVisibility(node)) ?? parent;
}

/** Focus an element; one that isn't focusable gets a `tabindex` until it loses the focus. @param {any} element */
export function forceFocus(element) {
  if (element === document.body || !("focus" in element)) return;
  focus(element, { preventScroll: true });
  if (document.activeElement === element || hasAttribute(element, "tabindex")) return;
  setAttribute(element, "tabindex", "-1");
  addEventListener.call(element, "blur", () => removeAttribute(element, "tabindex"), { once: true });
  focus(element, { preventScroll: true, focusVisible: false }); // no ring: the keyboard can do nothing with it
}
