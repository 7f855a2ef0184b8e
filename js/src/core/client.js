// Sends operations to the server in order, applies its messages to the page, and reports how each operation ended.

/** @import { Change, Request } from "../interface.js" */
import { add, readdress } from "./connection.js";
import { adopt, define, patch } from "./fragments.js";
import { loadLazy, lazy } from "./lazy.js";
import { restoreButtonFocus, applyPending, revertPending } from "./pending.js";
import { closed, send, start } from "./socket.js";
import { markAnswered, keepFocus, flushWithheld } from "./values.js";
import { REDIRECT, ERROR, FRAME_BYTES, OK_KEEP_FORM, OK, UNCERTAIN } from "./wire.js";

/** @typedef {import("./fragments.js").Slot} Slot */

/** @type {Slot[] | null | undefined} */
let slots;
/** Whether a patch is being applied. Events that occur meanwhile are caused by the patch, not by the user. */
export let patching = false;

/** The page's slots. */
export const root = () => (slots ??= adopt(document.firstChild, null));

/** Find the page's slots, and open its session on the server. */
export function join() {
  root(); // before other scripts change the page
  start(apply);
}

/**
 * Send an op after all that are queued. If it can't be sent, it ends with an error at once.
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

/** Apply a change to the page, and finish the ops that it settles. @param {Change} change */
function apply({ fresh, shapes = [], patch: changes = [], extras, settled }) {
  const dispatchPhase = (/** @type {string} */ phase) => { if (changes.length !== 0) dispatch("patch", { phase }); };
  revertPending();
  dispatchPhase("before");
  patching = true;
  try {
    for (const [op, status] of settled) {
      restoreButtonFocus(op); // before `keepFocus`, which moves the focus if the patch removes the button
      if (isOk(status)) markAnswered(op.seen);
    }
    keepFocus(() => {
      if (fresh) slots = null;
      define(shapes);
      if (Array.isArray(changes)) patch(root(), changes);
      else slots = lazy?.replacePage(changes.page, settled);
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

/**
 * Report how a request ended.
 * @param {Request} request
 * @param {number} status
 * @param {any} payload
 * @param {number} [n] the op's number, if it was sent
 */
function finish({ ended, source }, status, payload, n) {
  ended?.(status, payload);
  report(source, status, payload, n);
}

// An op ends with an event on the element that called it, or with a redirect.

/** Whether a status means success. @param {number} status */
export const isOk = (status) => status === OK || status === OK_KEEP_FORM;

/** Dispatch a `live:` event. @param {string} name @param {any} detail @param {EventTarget} [target] */
export const dispatch = (name, detail, target = document) => void dispatchEvent.call(target, new CustomEvent(`live:${name}`, { bubbles: true, detail }));

/**
 * Follow a redirect, or dispatch `live:ok` or `live:error`.
 * @param {Element | undefined} source the event's target; the document if there is none, or it has left the page
 * @param {number} status
 * @param {any} payload
 * @param {number} [n]
 */
export function report(source, status, payload, n) {
  if (status === REDIRECT) return void loadLazy().then((lazy) => (lazy ? lazy.followRedirect(payload, n) : (location.href = payload.url)));
  const target = document.contains(/** @type {any} */ (source)) ? source : document; // `contains` accepts undefined
  if (isOk(status)) dispatch("ok", { n, result: payload }, target);
  else dispatch("error", { n, uncertain: status === UNCERTAIN, ...payload }, target);
}
