// The lazy half of the client: what few pages need.

/** @import { Lazy } from "../interface.js" */

import { failure } from "../core/failure.js";
import { CALL_FUNCTION, REDIRECT, ERROR, UNCERTAIN } from "../core/wire.js";
import { core, receive } from "./bridge.js";
import { needsTransition, watchPatches } from "./changes.js";
import { covers, watchOverrides } from "./commands.js";
import { applyAutofocus, refocus, watchAutofocus, watchDialogs } from "./dialogs.js";
import { flushDelays, onEvent, onWindowEvent, registerCall } from "./event-modifiers.js";
import { applyExtras, processAll } from "./extras.js";
import { sending, sendByFetch, stopFetching, watchVisibility } from "./fetch-ops.js";
import { hook } from "./hooks.js";
import { moveSiblings } from "./moves.js";
import { explain, watchNotices } from "./notice.js";
import { followRedirect, refuses, replacePage, watchMarkup, watchNavigation } from "./page-swap.js";
import { showPendingState, watchTrouble } from "./pending-ui.js";
import { rememberOriginals, setRaw } from "./raw.js";
import { dragging } from "./sorting.js";
import { watchUnsaved } from "./unsaved.js";
import { reloadPage } from "./reload.js";
import { uploadFiles, uploads, watchCancels, watchDrops, watchUploads } from "./uploads.js";
import { isRendered, watchTypedForms } from "./validation.js";
import { watchGrowth } from "./viewport.js";
import { watchWhereabouts } from "./whereabouts.js";

const WATCHERS = [
  watchCancels, watchDialogs, watchDrops, watchGrowth, watchMarkup, watchNavigation, watchNotices, watchOverrides, watchPatches, watchTrouble, watchTypedForms, watchUnsaved, watchUploads, watchAutofocus, watchVisibility, watchWhereabouts,
];

/** @type {Lazy} */
export const lazy = {
  get busy() { return sending; },
  get unsent() { return [...uploads, ...dragging()]; },
  start(parts) {
    receive(parts);
    core.applyPending();
    rememberOriginals();
    for (const watch of WATCHERS) watch();
  },
  applyAutofocus, applyExtras, call, covers, explain, flushDelays, followRedirect, hook, isRendered, moveSiblings, needsTransition, onEvent, onWindowEvent, processAll, refocus,
  refuses, registerCall, reloadPage, replacePage, sendByFetch, setRaw, showPendingState, stopFetching, uploadFiles,
};

/**
 * Call an action that a script uses as a function.
 * @param {string} name module:function
 * @param {Record<string, unknown>} args
 * @returns {Promise<any>} its result; rejected with an error that has `errors`, `id` and `status`
 */
function call(name, args) {
  return new Promise((resolve, reject) => {
    core.perform({
      build: () => [CALL_FUNCTION, name, args],
      ended(status, payload) {
        if (status === ERROR) reject(failure(payload));
        else if (status === UNCERTAIN) reject(failure({ error: "Could not confirm that this was completed", uncertain: true, ...payload }));
        else resolve(status === REDIRECT ? undefined : payload);
      },
    });
  });
}
