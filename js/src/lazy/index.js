// The rest of the client: what few pages need.

import { failure } from "../core/failure.js";
import { CALL_FUNCTION, ELSEWHERE, ERROR, UNCERTAIN } from "../core/wire.js";
import { core, receive } from "./bridge.js";
import { watchPatches } from "./changes.js";
import { watchDialogs, watchWishes } from "./dialogs.js";
import { watchMarkup, watchNavigation } from "./page-swap.js";
import { watchTrouble } from "./pending-ui.js";
import { rememberOriginals } from "./raw.js";
import { watchCancels, watchDrops, watchUploads } from "./uploads.js";
import { watchTypedForms } from "./validation.js";

export { cover } from "./pending-ui.js";
export { flush } from "./event-modifiers.js";
export { heedAll, heedExtras } from "./extras.js";
export { leave } from "./page-swap.js";
export { hook } from "./hooks.js";
export { heed, meet, meetAtWindow } from "./event-modifiers.js";
export { post } from "./fetch-ops.js";
export { setRaw } from "./raw.js";
export { refocus } from "./dialogs.js";
export { replacePage } from "./page-swap.js";
export { defers } from "./changes.js";
export { upload, uploads } from "./uploads.js";
export { grantFocus } from "./dialogs.js";

/** @param {import("./bridge.js").Parts} parts */
export function start(parts) {
  receive(parts);
  core.lay();
  rememberOriginals();
  for (const watch of [watchCancels, watchDialogs, watchDrops, watchMarkup, watchNavigation, watchPatches, watchTrouble, watchTypedForms, watchUploads, watchWishes]) watch();
}

// Actions that scripts call as functions, on a live page.

/**
 * @param {string} name module:function
 * @param {Record<string, unknown>} args
 * @returns {Promise<any>} its result; rejected with an error that has `errors`, `id` and `status`
 */
export const call = (name, args) => new Promise((resolve, reject) => {
  core.perform({
    build: () => [CALL_FUNCTION, name, args],
    ended(status, payload) {
      if (status === ERROR) reject(failure(payload));
      else if (status === UNCERTAIN) reject(failure({ error: "Nobody knows whether it was done", uncertain: true, ...payload }));
      else resolve(status === ELSEWHERE ? undefined : payload);
    },
  });
});
