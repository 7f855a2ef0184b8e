// `live-modal`: a dialog that is `open` is so as a modal one, from when it comes or the server opens it until the server closes
// or removes it.
//
// A person can close it, too, with Escape. If nothing tells the server, it is still open there. It stays away while nothing is
// asked of the server; when an op succeeds that was made since, the page shows what the server has rendered, as a control does:
// so the button that opens the dialog opens it again, although the server has nothing to change.

/** @import { Features } from "../interface.js" */
import { core } from "./bridge.js";
import { openers } from "./focus.js";

/** @type {Features["dialogs"]} */
export const feature = { start };

/** @type {Map<HTMLDialogElement, Set<number>>} dialogs that are closed in the browser only, and ops that don't know of it */
const dismissed = new Map();
/** @type {WeakSet<HTMLDialogElement>} dialogs that the server has closed: their event is still to come */
const closing = new WeakSet();

function start() {
  addEventListener("live:patch", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.phase === "before") restoreDismissed();
    else {
      hideDismissed();
      syncDialogs();
    }
  });
  addEventListener("live:ok", (event) => showDismissed(/** @type {CustomEvent} */ (event).detail.n));
  document.addEventListener("close", onClose, true);
  syncDialogs();
}

/** @param {Event} event of a dialog */
function onClose({ target }) {
  if (!(target instanceof HTMLDialogElement) || !target.hasAttribute("live-modal") || target.open || closing.delete(target)) return;
  // Its own op, which `live-close` has made, knows of it.
  dismissed.set(target, new Set(core.pending().filter(({ source }) => source !== target).map(({ n }) => n)));
}

/** For a patch the page is as the server has rendered it. */
function restoreDismissed() {
  for (const dialog of dismissed.keys()) dialog.open = true;
}

/** Those that the server still has open stay away. */
function hideDismissed() {
  for (const dialog of dismissed.keys()) {
    if (!dialog.open || !dialog.isConnected) dismissed.delete(dialog);
    dialog.open = false;
  }
}

/** @param {number} n an op that has succeeded */
function showDismissed(n) {
  for (const [dialog, unknowing] of dismissed) {
    if (unknowing.has(n)) continue;
    dismissed.delete(dialog);
    dialog.open = true;
  }
  syncDialogs();
}

function syncDialogs() {
  for (const dialog of /** @type {NodeListOf<HTMLDialogElement>} */ (document.querySelectorAll("dialog[live-modal]"))) {
    const isModal = dialog.matches(":modal");
    if (isModal === dialog.open) continue;
    if (isModal) {
      dialog.open = true; // it was taken away, which leaves the page behind it inert
      closing.add(dialog);
      dialog.close();
    } else {
      if (document.activeElement) openers.set(dialog, document.activeElement);
      dialog.open = false;
      dialog.showModal();
    }
  }
}
