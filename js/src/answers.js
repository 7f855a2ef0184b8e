// How ops end: events for whoever asked, or another page.

import { ELSEWHERE, OK, UNCERTAIN } from "./wire.js";

/**
 * @param {EventTarget} target
 * @param {string} name
 * @param {any} [detail]
 */
export function tell(target, name, detail) {
  target.dispatchEvent(new CustomEvent(`live:${name}`, { bubbles: true, detail }));
}

/**
 * @param {Element | undefined} source
 * @param {number} status
 * @param {any} payload
 * @param {number} [n]
 */
export function report(source, status, payload, n) {
  if (status === ELSEWHERE) return leave(payload);
  const target = source?.isConnected ? source : document;
  if (status === OK) tell(target, "ok", { n, result: payload });
  else tell(target, "error", { n, uncertain: status === UNCERTAIN, ...payload });
}

/** @param {{ url: string, replace?: boolean }} way */
function leave({ url, replace }) {
  const target = new URL(url, location.href);
  const reload = target.hash && target.href.split("#")[0] === location.href.split("#")[0];
  location[replace ? "replace" : "assign"](target);
  if (reload) location.reload(); // the browser has only scrolled
}
