// Another page in place of this one, over the same connection: its address, scroll position, focus, title and scripts.

import { addressed, scrollToHash } from "./navigate.js";
import { ELSEWHERE, NAVIGATE } from "../wire.js";

/** @typedef {import("../connection.js").Settled} Settled */

/** The path of the page that stands here. */
let path = location.pathname;
/** @type {WeakSet<object>} answers that led to a page that came along with them */
const arrived = new WeakSet();
/** Number of the last op that led away: nobody follows those before it. */
let departure = 0;
/** @type {HTMLElement | undefined} says to those who can't see it which page this is */
let announcer;

/**
 * Whether a page that came whole is another one; if so, the address is its own from now on.
 * @param {Settled[]} settled ops that came to their end with it
 * @param {Document} next
 */
export function isSwap(settled, next) {
  const leading = settled.find(([, status, way]) => status === ELSEWHERE && isAt(next, way.url));
  if (leading) {
    const [op, , way] = leading;
    departure = op.n;
    arrived.add(way);
    addressed(way.url, !way.replace && op.parts?.[0] !== NAVIGATE);
  }
  const before = path;
  path = location.pathname;
  return !!leading || path !== before;
}

/** Whether a page is that of an address: where its own form posts to says it. @param {Document} page @param {string} url */
function isAt(page, url) {
  const own = page.getElementById("live")?.getAttribute("action") ?? url;
  return new URL(own, location.href).pathname === new URL(url, location.href).pathname;
}

/** @param {object} way @param {number} [n] of the op that led there */
export const isFollowed = (way, n = Infinity) => !arrived.has(way) && n > departure;

/** The other page is there. @param {Set<Element>} kept scripts that ran already */
export function arrive(kept) {
  scrollTo(0, 0);
  const target = scrollToHash() ?? document.querySelector("[autofocus]") ?? document.querySelector("h1") ?? document.body;
  queueMicrotask(() => focus(target)); // after whatever the patch does with the focus
  announce(document.title);
  for (const script of document.scripts) if (!kept.has(script) && !script.dataset.live) execute(script);
}

/** @param {Element} element */
function focus(element) {
  if (!(element instanceof HTMLElement)) return;
  if (element.tabIndex < 0) element.tabIndex = -1;
  element.focus({ preventScroll: true });
}

/** @param {string} text */
function announce(text) {
  if (!announcer) {
    announcer = document.createElement("div");
    announcer.setAttribute("role", "status");
    Object.assign(announcer.style, { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" });
    document.documentElement.append(announcer); // no page's own
  }
  announcer.textContent = text;
}

/** Scripts of markup don't run; those of a page do. @param {HTMLScriptElement} inert @returns {HTMLScriptElement} that has taken its place */
export function execute(inert) {
  const script = document.createElement("script");
  try {
    for (const { name, value } of inert.attributes) script.setAttribute(name, value);
    script.nonce = inert.nonce;
    script.text = inert.text;
    inert.replaceWith(script);
  } catch {
    location.reload(); // a policy of trusted types: only the browser itself may
  }
  return script;
}
