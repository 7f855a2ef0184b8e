// What the lazy half of the client uses of the core.

/** @import { Core, CoreParts } from "../interface.js" */

/** @type {Core} */
export let core;

/** @param {CoreParts} parts of the core, by position */
export function receive([
  calledBy, callsOf, setWhilePending, close, requestFullPage, editCount, fieldsOf, preserveInput, isControl, applyPending,
  scanMarkup, move, onRevert, pendingBatch, pending, perform, referenceOf, report, run, captureEdits, session, splice,
  applyMessage, trusted, updateAttribute, controlsOf,
]) {
  core = {
    calledBy, callsOf, setWhilePending, close, requestFullPage, editCount, fieldsOf, preserveInput, isControl, applyPending,
    scanMarkup, move, onRevert, pendingBatch, pending, perform, referenceOf, report, run, captureEdits, session, splice,
    applyMessage, trusted, updateAttribute, controlsOf,
  };
}
