// Reloads the page: the first time at once, then after growing pauses. If several reloads in a row haven't helped, the client
// gives up: the page stays as it is, and the browser posts its forms.

import { STORAGE_KEY, UNCERTAIN } from "../core/wire.js";
import { core } from "./bridge.js";

const MOST = 4; // reloads in a row
const WITHIN = 60_000; // ms: a page that is reloaded sooner after loading counts as one in a row
const PAUSE = 1_000; // ms: the first pause

/** Reload the page, or give up. */
export function reloadPage() {
  const count = countReload();
  if (count < MOST) setTimeout(() => location.reload(), PAUSE * count ** 2);
  else core.close(UNCERTAIN);
}

/** Count reloads in a row. @returns {number} how many there were before this one */
function countReload() {
  try {
    const key = STORAGE_KEY + location.pathname;
    const count = performance.now() < WITHIN ? Number(sessionStorage[key] ?? 0) : 0;
    sessionStorage[key] = count + 1;
    return count;
  } catch {
    return MOST; // storage is disabled, so they can't be counted
  }
}
