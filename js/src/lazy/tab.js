// The name of the tab: it survives a reload, and every page of this tab finds it. The server learns it with the snapshot.

const KEY = "live.tab";
const BYTES = 16;

/** What the page's script says; undefined where the browser has put it out of the document. */
const page = () => /** @type {HTMLElement | null} */ (document.querySelector("script[data-live]"))?.dataset;

/** Whether the page's script says the name. */
export const hasName = () => page()?.snapshot?.includes(" ");

/** Adds the name to what the page's script says. */
export function nameTab() {
  const data = page();
  if (!data) return;
  try {
    sessionStorage[KEY] ??= [...crypto.getRandomValues(new Uint8Array(BYTES))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    data.snapshot += ` ${sessionStorage[KEY]}`;
  } catch { /* nothing is stored for this page: it keeps what it has in its state only */ }
}
