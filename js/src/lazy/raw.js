// Raw HTML: the string that the server gave last, and what it looks like, beside what stands in the page.

/** @import { Features, RawBase, RawRange } from "../interface.js" */
import { FIELD_SNAPSHOT } from "../core/wire.js";
import { core } from "./bridge.js";
import { childrenOf, link, update } from "./delta.js";
import { edit } from "./edits.js";
import { loaded } from "./loading.js";
import { append, childNodes, firstChild, nextSibling, querySelectorAll } from "./members.js";
import { adler32, contentOf, contextOf, copyOf, parseIn } from "./parsing.js";

/**
 * @typedef {any[]} Splices units of UTF-16 that stay; those that go, if any; what comes, if anything: text, or `[from, length]` of
 * the old string, or [] for the last text once more; and again
 */
/** @typedef {{ h?: string, s?: Splices, c?: [length: number, sum: number], e?: any[], d?: number }} RawChange whole, or what differs; how the string is known before; which nodes */

/** @type {Features["raw"]} */
export const feature = { forgetOriginals: () => forgetOriginals(), setRaw, start };

/**
 * @param {RawRange} range
 * @param {RawChange} change
 * @param {RawBase | null} [base] null or none: what stands there is all that is known
 * @returns {RawBase | null} null: the page is going to come whole
 */
function setRaw(range, change, base) {
  const known = base ?? adopt(range);
  const html = change.h ?? spliced(known.source ?? known.root.innerHTML, change);
  if (html === undefined) {
    core.requestFullPage();
    return null;
  }
  const { root } = known;
  if (html !== known.source && !(change.e && edit(root, change.e, change.d, html, range)))
    update(root, childrenOf(root), childrenOf(parseIn(html, root)), null, range);
  known.source = html;
  return known;
}

/** @param {RawRange} range @returns {RawBase} */
function adopt(range) {
  loaded.changes?.finishLeaving(); // that isn't the server's any more
  const root = contextOf(range.container);
  const content = contentOf(root);
  append(content, ...originalsIn(range) ?? copiesIn(range));
  // The page's own, in forms of the server's.
  for (const field of querySelectorAll(content, `input[name="${FIELD_SNAPSHOT}"]`)) field.remove();
  return { root };
}

/** @param {RawRange} range */
function copiesIn(range) {
  const copies = [];
  for (let node = range.first; node !== range.closing; node = nextSibling(/** @type {Node} */ (node))) {
    const copy = copyOf(/** @type {Node} */ (node));
    link(copy, /** @type {Node} */ (node));
    copies.push(copy);
  }
  return copies;
}

/** @param {string} source @param {RawChange} change @returns {string | undefined} not what it is a change of */
function spliced(source, { s = [], c }) {
  if (c && (c[0] !== source.length || c[1] !== adler32(source))) return undefined;
  let html = "", at = 0, last = "";
  for (let i = 0; i < s.length; ) {
    html += source.slice(at, (at += s[i++]));
    if (typeof s[i] === "number") at += s[i++];
    const come = s[i];
    if (come === undefined || typeof come === "number") continue;
    if (typeof come === "string") last = come;
    html += come[1] > 0 && come !== last ? source.slice(come[0], come[0] + come[1]) : last;
    i++;
  }
  return html + source.slice(at);
}

// What a page with raw HTML came with, before a person or a script changed it: the first change of raw HTML is one of that.

/** @type {WeakMap<Node, Node>} by nodes of the page */
let originals = new WeakMap();

/** The server marks the script of a page with raw HTML. */
function start() {
  if (!document.querySelector("script[live-raw]")) return;
  const copy = copyOf(document.documentElement);
  link(copy, document.documentElement);
  recordOriginals(copy, document.documentElement);
}

/** The page has been drawn anew. */
const forgetOriginals = () => { originals = new WeakMap(); };

/** @param {Node} copy @param {Node} live */
function recordOriginals(copy, live) {
  originals.set(live, copy);
  let other = firstChild(contentOf(live));
  for (let child = firstChild(contentOf(copy)); child && other; child = nextSibling(child), other = nextSibling(other)) recordOriginals(child, other);
}

/**
 * What was in a place, once; undefined if that isn't known, or something else was put there.
 * @param {RawRange} range
 * @returns {Node[] | undefined}
 */
function originalsIn({ closing, container, opening }) {
  const from = opening ?? container;
  const start = originals.get(from);
  if (!start) return undefined;
  originals.delete(from);
  const stop = closing && originals.get(closing);
  const found = [];
  for (let node = opening ? nextSibling(start) : firstChild(contentOf(start)); node && node !== stop; node = nextSibling(node)) found.push(node);
  const there = new Set([...childNodes(contentOf(container))].filter(isUnchanged).map((live) => originals.get(live)));
  return found.every((node) => there.has(node)) ? found : undefined;
}

/** Whether it is no text, or the same. @param {Node} live */
const isUnchanged = (live) => !(live instanceof Text) || live.nodeValue === originals.get(live)?.nodeValue;
