// Shows in the page which ops are pending. These changes are reverted before each patch, and applied again after it, so that
// the server's patches only ever meet what the server rendered.

/** @import { Op, Request } from "../interface.js" */
import { ops } from "./connection.js";
import { lazy } from "./lazy.js";
import { getAttribute } from "./members.js";
import { setAttribute } from "./values.js";

/** @type {(() => void)[]} undo what `applyPending` has changed */
let reverts = [];

/** Requests to show as pending: unfinished ops, and those whose files are being uploaded. @returns {Request[]} */
const shown = () => [...ops, ...lazy?.unsent ?? []];

/**
 * Whether an element has already sent the same reference and data, and hasn't been edited since.
 * @param {Element} source
 * @param {string} digest
 */
export const isPending = (source, digest) => shown().some((op) => op.source === source && op.digest === digest);

/** Show the unfinished ops as pending. */
export function applyPending() {
  revertPending();
  for (const op of shown()) {
    if (op.source) {
      setWhilePending(op.source, "aria-busy", "true");
      setWhilePending(op.source, "data-pending", "");
    }
    lazy?.showPendingState(op);
    if (op.pressed) setWhilePending(op.pressed, "disabled", "");
  }
}

/** Undo `applyPending`, so that the page is as the server rendered it. */
export function revertPending() {
  for (const revert of reverts.reverse()) revert();
  reverts = [];
}

/** Register a function that undoes a change made to show pending ops. @param {() => void} revert */
export const onRevert = (revert) => void reverts.push(revert);

/**
 * Set an attribute until the next revert.
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value null removes it
 */
export function setWhilePending(element, name, value) {
  const old = getAttribute(element, name);
  setAttribute(element, name, value);
  onRevert(() => setAttribute(element, name, old));
}

/** Focus the button that was pressed, if it lost the focus by being disabled. @param {Op} op a finished one */
export function restoreButtonFocus({ focused, pressed }) {
  if (focused && document.activeElement === document.body) pressed?.focus({ preventScroll: true });
}

/** Enable the button of a pending form again when the form is edited. */
export function watchPending() {
  addEventListener("input", (event) => {
    const { form } = /** @type {HTMLInputElement} */ (event.target);
    for (const op of ops) {
      if (form && op.pressed?.form === form) {
        op.pressed = null;
        applyPending();
      }
    }
  }, true);
}
