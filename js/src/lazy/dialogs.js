// `live-modal`: a dialog that is `open` is so as a modal one, from when it comes or the server opens it until the server closes
// or removes it.

export function watchDialogs() {
  addEventListener("live:patch", (event) => { if (/** @type {CustomEvent} */ (event).detail.phase === "after") syncDialogs(); });
  syncDialogs();
}

function syncDialogs() {
  for (const dialog of /** @type {NodeListOf<HTMLDialogElement>} */ (document.querySelectorAll("dialog[live-modal]"))) {
    const isModal = dialog.matches(":modal");
    if (isModal === dialog.open) continue;
    if (isModal) {
      dialog.open = true; // it was taken away, which leaves the page behind it inert
      dialog.close();
    } else {
      if (document.activeElement) openers.set(dialog, document.activeElement);
      dialog.open = false;
      dialog.showModal();
    }
  }
}

// `autofocus` in markup that a patch brings: browsers heed it only while they load a page.

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
  const moved = new Set(records.flatMap(({ removedNodes }) => [...removedNodes]));
  const element = records.flatMap(({ addedNodes, target, type }) => (type === "attributes" ? target : [...addedNodes]))
    .filter((node) => !moved.has(node)).flatMap(autofocusIn).find((element) => element.isConnected);
  if (!element || element === document.activeElement) return;
  element.focus();
  if (element.selectionStart != null) element.setSelectionRange(1e9, 1e9);
}

/** @param {Node} node @returns {any[]} */
const autofocusIn = (node) =>
  node instanceof Element ? [...(node.matches("[autofocus]") ? [node] : []), ...node.querySelectorAll("[autofocus]")] : [];

// Where the focus goes when a patch has removed the focused element: to its replacement, else to its nearest neighbour.

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
  if (heir) transferFocus(heir, removed);
  else if (opener?.isConnected) focus(opener);
  else focus(nearest(startContainer, endOffset));
}

/** @param {any} heir @param {any} removed */
function transferFocus(heir, removed) {
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
