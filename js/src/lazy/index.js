// The entry point of the lazy half of the client: what pages don't need at once. What fewer pages need is in features, which are
// loaded one by one; see features.js.

/** @import { Features, Lazy } from "../interface.js" */

import { failure } from "../core/failure.js";
import { CALL_FUNCTION, FIELD_SNAPSHOT, REDIRECT, ERROR, SOCKET_WAIT, UNCERTAIN } from "../core/wire.js";
import { core, receive } from "./bridge.js";
import { flushDelays, onEvent, onWindowEvent, registerCall } from "./event-modifiers.js";
import { applyExtras, processAll } from "./extras.js";
import { FEATURES } from "./features.js";
import { applyAutofocus, refocus, watchAutofocus } from "./focus.js";
import { add } from "./growth.js";
import { load, loadForAttribute, loaded, provide } from "./loading.js";
import { watchMarkup } from "./markup.js";
import { moveSiblings } from "./moves.js";
import { explain, watchNotices } from "./notice.js";
import { showPendingState, watchTrouble } from "./pending-ui.js";
import { reloadPage } from "./reload.js";
import { isRendered, watchTypedForms } from "./validation.js";

const WATCHERS = [watchMarkup, watchNotices, watchTrouble, watchTypedForms, watchAutofocus];

/** Whether ops are to be sent by fetch. False again when a socket opens while the feature is loading. */
let isDue = false;

/** @type {Lazy} */
export const lazy = {
  get busy() { return loaded.fetching?.busy; },
  get unsent() { return [...loaded.uploads?.unsent ?? [], ...loaded.sorting?.unsent ?? []]; },
  start(parts) {
    receive(parts);
    provide(FEATURES);
    core.applyPending();
    for (const watch of WATCHERS) watch();
    cleanAddress();
    if (history.state?.live !== undefined) load("navigation"); // the page may have other entries in the history
    return lazy;
  },
  applyAutofocus, applyExtras, call, explain, flushDelays, isRendered, moveSiblings, onEvent, onWindowEvent, processAll, refocus, reloadPage, showPendingState,
  covers: (element, name, value) => loaded.commands?.covers(element, name, value) ?? false,
  followRedirect: (redirect, n) => load("navigation").then((navigation) => (navigation ? navigation.followRedirect(redirect, n) : location.assign(redirect.url))),
  hook: (name, definition) => load("changes").then((changes) => changes?.hook(name, definition)),
  needsTransition: (message) => loaded.changes?.needsTransition(message),
  refuses: (request) => loaded.navigation?.refuses(request) || flushDelays(),
  registerCall(call) {
    registerCall(call);
    loadForAttribute(call);
  },
  // Messages wait until these features are loaded. If one is missing all the same, this throws, and the core requests the whole page.
  replacePage: (html, settled) => /** @type {Features["pages"]} */ (loaded.pages).replacePage(html, settled),
  setRaw: (range, change, base) => ("a" in change ? add(range, change) : /** @type {Features["raw"]} */ (loaded.raw).setRaw(range, change, base)),
  sendByFetch() {
    isDue = true;
    load("fetching").then((fetching) => {
      if (fetching && isDue) fetching.sendByFetch();
      else setTimeout(core.send, fetching ? 0 : SOCKET_WAIT * 1000);
    });
  },
  stopFetching() {
    isDue = false;
    return loaded.fetching?.stopFetching();
  },
  uploadFiles: (request, ref, fields) => load("uploads").then((uploads) => {
    if (uploads) uploads.uploadFiles(request, ref, fields);
    else core.report(request.source, ERROR, { error: "Not sent", status: 503 });
  }),
};

/**
 * Remove the snapshot's handle from the address. It is there after a post, and would show an old state when the address is
 * opened again.
 */
function cleanAddress() {
  const url = new URL(location.href);
  if (!url.searchParams.has(FIELD_SNAPSHOT)) return;
  url.searchParams.delete(FIELD_SNAPSHOT);
  history.replaceState(history.state, "", url);
}

/**
 * Call a server function from a script; see call.js.
 * @param {string} name `module:function`
 * @param {Record<string, unknown>} args arguments by name
 * @returns {Promise<any>} the function's result; rejects with an error that has `errors`, `id` and `status`
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
