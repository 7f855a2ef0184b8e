// How ops end: events for whoever asked, or another page.

import { loadMore } from "./more.js";
import { ELSEWHERE, KEPT, OK, UNCERTAIN } from "./wire.js";

/** @param {number} status */
export const isWell = (status) => status === OK || status === KEPT;

/** Dispatches an event of ours. @param {string} name @param {any} detail @param {EventTarget} [target] */
export const tell = (name, detail, target = document) => void target.dispatchEvent(new CustomEvent(`live:${name}`, { bubbles: true, detail }));

/**
 * `live:ok` or `live:error`.
 * @param {Element | undefined} source
 * @param {number} status
 * @param {any} payload
 * @param {number} [n]
 */
export function report(source, status, payload, n) {
  if (status === ELSEWHERE) return void loadMore().then((more) => (more ? more.leave(payload, n) : location.assign(payload.url)));
  const ok = isWell(status);
  const detail = ok ? { n, result: payload } : { n, uncertain: status === UNCERTAIN, ...payload };
  tell(ok ? "ok" : "error", detail, source?.isConnected ? source : document);
}
