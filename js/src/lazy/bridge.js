// What the lazy half of the client uses of the core's state. What holds none it imports.

/** @import { Core, CoreParts } from "../interface.js" */

/** @type {Core} */
export let core;

/** @param {CoreParts} parts of the core, by position */
export function receive([
  calledBy, setWhilePending, close, requestFullPage, editCount, preserveInput, applyPending, scanMarkup, onRevert, pendingBatch,
  pending, perform, report, run, captureEdits, session, applyMessage, trusted, updateAttribute, send, unansweredOp, unsend, write,
]) {
  core = {
    calledBy, setWhilePending, close, requestFullPage, editCount, preserveInput, applyPending, scanMarkup, onRevert, pendingBatch,
    pending, perform, report, run, captureEdits, session, applyMessage, trusted, updateAttribute, send, unansweredOp, unsend, write,
  };
}
