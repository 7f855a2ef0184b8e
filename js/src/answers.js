// How ops end: events for whoever asked, or another page.

import { loadMore } from "./more.js";
import { ELSEWHERE, ERROR, KEPT, OK, UNCERTAIN } from "./wire.js";

/** @param {number} status */
export const isWell = (status) => status === OK || status === KEPT;

/**
 * `live:ok` or `live:error`.
 * @param {Element | undefined} source
 * @param {number} status
 * @param {any} payload
 * @param {number} [n]
 */
export function report(source, status, payload, n) {
  if (status === ELSEWHERE) return void loadMore().then((more) => (more ? more.leave(payload, n) : location.assign(payload.url)));
  if (status === ERROR && payload.details) loadMore().then((more) => more?.showError(payload));
  const ok = isWell(status);
  const detail = ok ? { n, result: payload } : { n, uncertain: status === UNCERTAIN, ...payload };
  (source?.isConnected ? source : document).dispatchEvent(new CustomEvent(ok ? "live:ok" : "live:error", { bubbles: true, detail }));
}
