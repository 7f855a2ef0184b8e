// How ops end: events for whoever asked, or another page.

import { loadMore, more } from "./more.js";
import { ELSEWHERE, OK, UNCERTAIN } from "./wire.js";

/**
 * `live:ok` or `live:error`.
 * @param {Element | undefined} source
 * @param {number} status
 * @param {any} payload
 * @param {number} [n]
 */
export function report(source, status, payload, n) {
  if (status === ELSEWHERE) return void loadMore().then(() => (more ? more.leave(payload) : location.assign(payload.url)));
  const ok = status === OK;
  const detail = ok ? { n, result: payload } : { n, uncertain: status === UNCERTAIN, ...payload };
  (source?.isConnected ? source : document).dispatchEvent(new CustomEvent(ok ? "live:ok" : "live:error", { bubbles: true, detail }));
}
