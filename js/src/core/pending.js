// What shows that an op isn't finished: laid over the page, lifted while a patch is applied.

/** @import { Op, Request } from "../interface.js" */
import { ops } from "./connection.js";
import { lazy } from "./lazy.js";
import { getAttribute } from "./members.js";
import { setAttribute } from "./values.js";


/** @type {(() => void)[]} what gives the page back as the server rendered it */
let reverts = [];

/** @returns {Request[]} what isn't finished, or waits for its files */
const shown = () => [...ops, ...lazy?.unsent ?? []];

/**
 * Whether the element is pending with the same reference and data, unedited since.
 * @param {Element} source
 * @param {string} digest
 */
export const isPending = (source, digest) => shown().some((op) => op.source === source && op.digest === digest);

/** Covers the page as the unfinished ops ask for. */
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

/** Gives the page back as the server rendered it. */
export function revertPending() {
  for (const revert of reverts.reverse()) revert();
  reverts = [];
}

/** @param {() => void} revert takes back what covers the page */
export const onRevert = (revert) => void reverts.push(revert);

/** @param {Element} element @param {string} name @param {string | null} value */
export function setWhilePending(element, name, value) {
  const old = getAttribute(element, name);
  setAttribute(element, name, value);
  onRevert(() => setAttribute(element, name, old));
}

/** @param {Op} op is finished, while all is lifted */
export function restoreButtonFocus({ focused, pressed }) {
  // A button that was disabled has lost the focus.
  if (focused && document.activeElement === document.body) pressed?.focus({ preventScroll: true });
}

/** A form edited while it is pending can be submitted again. */
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
