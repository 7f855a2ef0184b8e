// Notifies the browser's other tabs, through storage events.

import { STORAGE_KEY } from "./wire.js";

/** Make other tabs reconnect, since the browser's cookies may have changed. */
export function notifyTabs() {
  try {
    localStorage[STORAGE_KEY] = Math.random(); // only a changed value causes an event
  } catch { /* storage is disabled */ }
}
