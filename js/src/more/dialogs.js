// `live-modal`: a dialog that is `open` is so as a modal one, from when it comes or the server opens it until the server closes
// or removes it.

import { openers } from "./refocus.js";

export function watchDialogs() {
  addEventListener("live:patch", (event) => { if (/** @type {CustomEvent} */ (event).detail.phase === "after") settle(); });
  settle();
}

function settle() {
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
