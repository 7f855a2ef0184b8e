// Ops by fetch, while the socket doesn't open: hello and what waits in one request, welcome and frames in its answer.

import { ERROR, HEADER_OPS } from "../core/wire.js";
import { core } from "./bridge.js";
import { endLeaving } from "./changes.js";
import { collect } from "./extras.js";

/**
 * Sends what waits.
 * @returns {Promise<boolean>} whether it is answered: else it is to be tried again
 */
export async function post() {
  const parcel = core.parcel();
  const response = await fetch(parcel.hello.url, {
    method: "POST",
    headers: { [HEADER_OPS]: "1", Accept: "application/json", "Content-Type": "application/json" },
    body: JSON.stringify(parcel),
  }).catch(() => null);
  if (!response || response.status >= 500) return false;
  if (!response.ok) refuse(response);
  else {
    const answer = await response.json().catch(() => null); // the connection may break in the middle of it
    if (!answer) return false;
    endLeaving();
    for (const message of [answer.welcome, ...answer.frames]) {
      await collect(message); // of what went over a socket before
      if (!core.take(message)) break;
    }
  }
  return true;
}

/** There is no way to the server but a post of the browser's own. @param {Response} response */
function refuse({ status, statusText }) {
  const { post } = core.close(ERROR, { error: statusText, status }).find(({ post }) => post) ?? {};
  post?.();
}
