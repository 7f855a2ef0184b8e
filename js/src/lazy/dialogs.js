// `live-modal`: while the server renders a dialog with `open`, it is shown as a modal dialog.
//
// The user can close it too, with Escape. Unless an action (`live-close`) informs the server, the server still renders it as
// open. The dialog stays dismissed until an op succeeds that was sent after it was closed; then the page shows what the server
// renders, as controls do. So the button that opened the dialog opens it again, although the server sends no change.

/** @import { Features } from "../interface.js" */
import { core } from "./bridge.js";
import { openers } from "./focus.js";

/** @type {Features["dialogs"]} */
export const feature = { start };

/** @type {Map<HTMLDialogElement, Set<number>>} dialogs that the user has closed, and the ops that were pending then */
const dismissed = new Map();
/** @type {WeakSet<HTMLDialogElement>} dialogs that the server has closed, until their close event */
const closing = new WeakSet();

/** Keep dialogs in sync with what the server renders. */
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

/** Note that the user has closed a dialog. @param {Event} event */
function onClose({ target }) {
  if (!(target instanceof HTMLDialogElement) || !target.hasAttribute("live-modal") || target.open || closing.delete(target)) return;
  // Ops of the dialog itself, by `live-close`, inform the server.
  dismissed.set(target, new Set(core.pending().filter(({ source }) => source !== target).map(({ n }) => n)));
}

/** Set `open` as the server rendered it, before a patch. */
function restoreDismissed() {
  for (const dialog of dismissed.keys()) dialog.open = true;
}

/** Hide dismissed dialogs again, after a patch; forget those that the server has closed. */
function hideDismissed() {
  for (const dialog of dismissed.keys()) {
    if (!dialog.open || !dialog.isConnected) dismissed.delete(dialog);
    dialog.open = false;
  }
}

/** Show dismissed dialogs again, unless the op was sent before they were closed. @param {number} n a successful op */
function showDismissed(n) {
  for (const [dialog, earlier] of dismissed) {
    if (earlier.has(n)) continue;
    dismissed.delete(dialog);
    dialog.open = true;
  }
  syncDialogs();
}

/** Show open dialogs as modal, and close modal ones that aren't open. */
function syncDialogs() {
  for (const dialog of /** @type {NodeListOf<HTMLDialogElement>} */ (document.querySelectorAll("dialog[live-modal]"))) {
    const isModal = dialog.matches(":modal");
    if (isModal === dialog.open) continue;
    if (isModal) {
      dialog.open = true; // removing the attribute leaves the rest of the page inert; `close` doesn't
      closing.add(dialog);
      dialog.close();
    } else {
      if (document.activeElement) openers.set(dialog, document.activeElement);
      dialog.open = false;
      dialog.showModal();
    }
  }
}
