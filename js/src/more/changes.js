// What a patch changes in the page, for those who want to know: hooks, and what is animated.

import { animate, ANIMATE } from "./animation.js";
import { hasHooks, settleHooks } from "./hooks.js";

const observer = new MutationObserver(() => {});

export function watchPatches() {
  addEventListener("live:patch", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.phase === "after") settle(observer.takeRecords());
    else if (hasHooks() || document.querySelector(`[${ANIMATE}]`)) {
      observer.observe(document, { attributes: true, characterData: true, childList: true, subtree: true });
    }
  });
}

/** What was changed so far is no news: the whole page is another. */
export const forgetChanges = () => void observer.takeRecords();

/** @param {MutationRecord[]} records */
function settle(records) {
  observer.disconnect();
  animate(records);
  settleHooks(records);
}
