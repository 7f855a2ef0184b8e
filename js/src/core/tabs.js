// What the tabs of a browser tell each other.

import { STORAGE_KEY } from "./wire.js";

/** The browser's cookies may have changed: its other tabs connect again, with the new ones. */
export function notifyTabs() {
  try {
    localStorage[STORAGE_KEY] = Math.random(); // another value than before, or nobody hears of it
  } catch { /* no storage here */ }
}
