// What is asked of the server goes out in order; what it answers is applied at once.

/** @import { Change, Request } from "../interface.js" */
import { add, readdress } from "./connection.js";
import { adopt, define, patch } from "./fragments.js";
import { loadLazy, lazy } from "./lazy.js";
import { restoreButtonFocus, applyPending, revertPending } from "./pending.js";
import { closed, send, start } from "./socket.js";
import { markAnswered, keepFocus, flushWithheld } from "./values.js";
import { REDIRECT, ERROR, FRAME_BYTES, OK_KEEP_FORM, OK, UNCERTAIN } from "./wire.js";

/** @typedef {import("./fragments.js").Slot} Slot */

/** @type {Slot[] | null} */
let slots;
/** Whether a patch is being applied: what happens meanwhile isn't the person's doing. */
export let patching = false;

/** The slots of the page itself. */
export const root = () => (slots ??= adopt(document.firstChild, null));

export function join() {
  root(); // before others change the page
  start(apply);
}

/**
 * Sends an op, after everything that waits.
 * @param {Request} request
 */
export function perform(request) {
  const parts = !lazy?.refuses(request) && request.build();
  if (!parts) return;
  const status = closed ? 503 : new TextEncoder().encode(JSON.stringify(parts)).length > FRAME_BYTES - 50 && 413;
  if (status) {
    loadLazy().then((lazy) => lazy?.explain(status));
    return finish(request, ERROR, { error: "Not sent", status });
  }
  add(request, parts);
  applyPending();
  send();
}

/** @param {Change} change */
function apply({ fresh, shapes = [], patch: changes = [], extras, settled }) {
  const dispatchPhase = (/** @type {string} */ phase) => { if (changes.length !== 0) dispatch("patch", { phase }); };
  revertPending();
  dispatchPhase("before");
  patching = true;
  try {
    keepFocus(() => {
      for (const [op, status] of settled) {
        restoreButtonFocus(op);
        if (isOk(status)) markAnswered(op.seen);
      }
      if (fresh) slots = null;
      define(shapes);
      if (Array.isArray(changes)) patch(root(), changes);
      else {
        lazy?.replacePage(changes.page, settled, fresh);
        slots = null;
      }
      for (const [op, status] of settled) if (isOk(status)) flushWithheld(op.seen, status === OK_KEEP_FORM ? undefined : op.resets);
    });
  } finally {
    lazy?.applyAutofocus();
    patching = false;
    dispatchPhase("after");
    if (fresh) settled.push(...readdress());
    applyPending();
    if (extras) lazy?.applyExtras(extras);
    for (const [op, status, payload] of settled) finish(op, status, payload, op.n);
  }
}

/** @param {Request} request @param {number} status @param {any} payload @param {number} [n] */
function finish({ ended, source }, status, payload, n) {
  ended?.(status, payload);
  report(source, status, payload, n);
}

// How ops end: with an event for the element that called, or with another page.

/** @param {number} status */
export const isOk = (status) => status === OK || status === OK_KEEP_FORM;

/** Dispatches an event of ours. @param {string} name @param {any} detail @param {EventTarget} [target] */
export const dispatch = (name, detail, target = document) => void dispatchEvent.call(target, new CustomEvent(`live:${name}`, { bubbles: true, detail }));

/**
 * `live:ok` or `live:error`.
 * @param {Element | undefined} source
 * @param {number} status
 * @param {any} payload
 * @param {number} [n]
 */
export function report(source, status, payload, n) {
  if (status === REDIRECT) return void loadLazy().then((lazy) => (lazy ? lazy.followRedirect(payload, n) : (location.href = payload.url)));
  const target = source && document.contains(source) ? source : document;
  if (isOk(status)) dispatch("ok", { n, result: payload }, target);
  else dispatch("error", { n, uncertain: status === UNCERTAIN, ...payload }, target);
}
