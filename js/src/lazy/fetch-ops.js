// Ops by fetch, while the socket doesn't open: hello and what waits in one request, welcome and frames in its answer.

import { notifyTabs } from "../core/tabs.js";
import { ERROR, HEADER_OPS, SOCKET_WAIT } from "../core/wire.js";
import { core } from "./bridge.js";
import { finishLeaving } from "./changes.js";
import { awaitCookies } from "./extras.js";

/** @type {Promise<void> | undefined} the request that is under way */
export let sending;

/** Sends what waits, and then what has come meanwhile, as long as there is no socket. */
export function sendByFetch() {
  sending ??= post().then((isAnswered) => {
    sending = undefined;
    if (isAnswered) core.send();
    else setTimeout(core.send, Math.random() * SOCKET_WAIT * 1000);
  });
}

/** @returns {Promise<boolean>} whether what waits is answered: else it is to be tried again */
async function post() {
  const batch = core.pendingBatch();
  const response = await fetch(batch.hello.url, {
    method: "POST",
    headers: { [HEADER_OPS]: "1", Accept: "application/json", "Content-Type": "application/json" },
    body: JSON.stringify(batch),
  }).catch(() => null);
  if (!response || response.status >= 500) return false;
  if (!response.ok) giveUp(response);
  else {
    const answer = await response.json().catch(() => null); // the connection may break in the middle of it
    if (!answer) return false;
    finishLeaving();
    if (answer.cookies) notifyTabs();
    for (const message of [answer.welcome, ...answer.frames]) {
      await awaitCookies(message); // of what went over a socket before
      if (!core.applyMessage(message)) break;
    }
  }
  return true;
}

/** There is no way to the server but a post of the browser's own. @param {Response} response */
function giveUp({ status, statusText }) {
  const ops = core.close(ERROR, { error: statusText, status }).map(([op]) => op);
  ops.find(({ post }) => post)?.post?.();
}
