// Loads the page again: the first time at once, then after longer and longer pauses. When that has been of no use, the page
// stays as it is and posts its forms.

import { STORAGE_KEY, UNCERTAIN } from "../core/wire.js";
import { core } from "./bridge.js";

const MOST = 4; // that may follow each other, each of a page that was younger than ...
const WITHIN = 60_000; // ms
const PAUSE = 1_000; // ms: what the pauses between them grow from

export function reloadPage() {
  const count = countReload();
  if (count < MOST) setTimeout(() => location.reload(), PAUSE * count ** 2);
  else core.close(UNCERTAIN);
}

/** @returns {number} of those before */
function countReload() {
  try {
    const key = STORAGE_KEY + location.pathname;
    const count = performance.now() < WITHIN ? Number(sessionStorage[key] ?? 0) : 0;
    sessionStorage[key] = count + 1;
    return count;
  } catch {
    return MOST; // nobody could count them
  }
}
