// Where the focus goes when a patch has removed what had it: to what stands for that now, else to what is next to its place.

/** @type {WeakMap<Element, Element>} what had the focus when a dialog opened */
export const openers = new WeakMap();

/**
 * @param {any} removed had the focus
 * @param {Range} place where it was
 */
export function refocus(removed, { endOffset, startContainer }) {
  if (document.activeElement !== document.body) return; // somebody else has got it
  const heir = removed.id && document.getElementById(removed.id);
  const opener = openers.get(removed.closest("dialog"));
  if (heir) inherit(heir, removed);
  else if (opener?.isConnected) focus(opener);
  else focus(nearest(startContainer, endOffset));
}

/** @param {any} heir @param {any} removed */
function inherit(heir, removed) {
  const { selectionStart, selectionEnd } = removed;
  heir.focus({ preventScroll: true });
  if (selectionStart != null && heir.selectionStart != null) heir.setSelectionRange(selectionStart, selectionEnd);
}

/** What stands behind the place, else before it, else around it. @param {Node} parent @param {number} offset */
function nearest(parent, offset) {
  const children = [...parent.childNodes];
  const siblings = [...children.slice(offset), ...children.slice(0, offset).reverse()];
  return siblings.find((node) => node instanceof HTMLElement && node.checkVisibility()) ?? parent;
}

/** Focuses what usually can't be, for as long as it has the focus. @param {any} element */
function focus(element) {
  if (element === document.body || !element.focus) return;
  element.focus({ preventScroll: true });
  if (document.activeElement === element || element.hasAttribute("tabindex")) return;
  element.tabIndex = -1;
  element.addEventListener("blur", () => element.removeAttribute("tabindex"), { once: true });
  element.focus({ preventScroll: true });
}
