// The core's functions for the lazy half. Modules of the core that have state can't be imported here: the bundle would have a
// second copy of that state. Stateless ones are imported directly.

/** @import { Core, CoreParts } from "../interface.js" */

/** @type {Core} */
export let core;

/** Store the core's functions. @param {CoreParts} parts by position */
export function receive([
  calledBy, setWhilePending, close, requestFullPage, editCount, preserveInput, applyPending, scanMarkup, onRevert, pendingBatch,
  pending, perform, report, run, session, applyMessage, trusted, updateAttribute, send, unansweredOp, unsend, write,
]) {
  core = {
    calledBy, setWhilePending, close, requestFullPage, editCount, preserveInput, applyPending, scanMarkup, onRevert, pendingBatch,
    pending, perform, report, run, session, applyMessage, trusted, updateAttribute, send, unansweredOp, unsend, write,
  };
}
