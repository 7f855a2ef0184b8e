// Shows and changes raw HTML. For each place, the client keeps the string that the server rendered last, and the tree it was
// parsed to; delta.js applies the difference between this tree and the next one to the page.

/** @import { Features, RawBase, RawRange } from "../interface.js" */
import { FIELD_SNAPSHOT } from "../core/wire.js";
import { core } from "./bridge.js";
import { childrenOf, link, update } from "./delta.js";
import { edit } from "./edits.js";
import { loaded } from "./loading.js";
import { append, childNodes, firstChild, nextSibling, querySelectorAll } from "./members.js";
import { adler32, contentOf, contextOf, copyOf, parseIn } from "./parsing.js";

/**
 * @typedef {any[]} Splices a sequence of: the number of UTF-16 units to keep; the number to drop, if any; what to insert, if
 * anything: text, `[from, length]` to copy from the old string, or [] to repeat the last inserted text
 */
/**
 * @typedef {object} RawChange
 * @property {string} [h] the whole new string
 * @property {Splices} [s] or the splices that lead to it
 * @property {[length: number, sum: number]} [c] length and checksum of the old string, if the server can't be sure that it is the same
 * @property {any[]} [e] the nodes that change; see edits.js
 * @property {number} [d] checksum of the paths to these nodes
 */

/** @type {Features["raw"]} */
export const feature = { setRaw, start };

/**
 * Change the raw HTML in a range.
 * @param {RawRange} range
 * @param {RawChange} change
 * @param {RawBase | null} [base] the raw HTML in it; absent for the first change after the page was loaded
 * @returns {RawBase | null} the new raw HTML; null if the change didn't match, and the whole page was requested
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

/** Take what is in the page for raw HTML of the server. @param {RawRange} range @returns {RawBase} */
function adopt(range) {
  loaded.changes?.finishLeaving(); // removed elements that are still animated aren't part of it
  const root = contextOf(range.container);
  const content = contentOf(root);
  append(content, ...originalsIn(range) ?? copiesIn(range));
  // The server adds this field to forms; it isn't part of the raw HTML.
  for (const field of querySelectorAll(content, `input[name="${FIELD_SNAPSHOT}"]`)) field.remove();
  return { root };
}

/** Copy the nodes in a range. @param {RawRange} range */
function copiesIn(range) {
  const copies = [];
  for (let node = range.first; node !== range.closing; node = nextSibling(/** @type {Node} */ (node))) {
    const copy = copyOf(/** @type {Node} */ (node));
    link(copy, /** @type {Node} */ (node));
    copies.push(copy);
  }
  return copies;
}

/**
 * Apply splices to a string.
 * @param {string} source
 * @param {RawChange} change
 * @returns {string | undefined} undefined if the checksum doesn't match
 */
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

// A copy of the page as it was loaded, before users or scripts changed it: the first change of raw HTML refers to this state.

/** @type {WeakMap<Node, Node>} nodes of the copy, by nodes of the page */
let originals = new WeakMap();

/** Copy the page if it has raw HTML: when this file is loaded, and when the whole page has been replaced. */
function start() {
  originals = new WeakMap();
  if (!document.querySelector("script[live-raw]")) return;
  const copy = copyOf(document.documentElement);
  link(copy, document.documentElement);
  recordOriginals(copy, document.documentElement);
}

/** Store a node's copy, and those of all nodes in it. @param {Node} copy @param {Node} live */
function recordOriginals(copy, live) {
  originals.set(live, copy);
  let other = firstChild(contentOf(live));
  for (let child = firstChild(contentOf(copy)); child && other; child = nextSibling(child), other = nextSibling(other)) recordOriginals(child, other);
}

/**
 * Take the original nodes of a range; this works only once per range.
 * @param {RawRange} range
 * @returns {Node[] | undefined} undefined if they aren't known, or the page has changed too much
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

/** Whether a node isn't a text that has changed. @param {Node} live */
const isUnchanged = (live) => !(live instanceof Text) || live.nodeValue === originals.get(live)?.nodeValue;
