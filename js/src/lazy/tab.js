// Gives the tab a random name, which is kept in session storage and so shared by all pages of the tab. It is appended to the
// snapshot, which the client sends to the server.

const KEY = "live.tab";
const BYTES = 16;

/** The data attributes of the client's script; undefined if there is no such script in the document. */
const page = () => /** @type {HTMLElement | null} */ (document.querySelector("script[data-live]"))?.dataset;

/** Whether the snapshot has the name. */
export const hasName = () => page()?.snapshot?.includes(" ");

/** Append the name to the snapshot. */
export function nameTab() {
  const data = page();
  if (!data) return;
  try {
    sessionStorage[KEY] ??= [...crypto.getRandomValues(new Uint8Array(BYTES))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    data.snapshot += ` ${sessionStorage[KEY]}`;
  } catch { /* storage is disabled: such fields are only kept in the page's own state */ }
}
