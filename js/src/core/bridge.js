// What the core offers to the lazy half of the client.

/** @import { CoreParts } from "../interface.js" */
import { perform, report } from "./client.js";
import { requestFullPage, ops, session } from "./connection.js";
import { calledBy, callsOf, run } from "./events.js";
import { fieldsOf } from "./fields.js";
import { referenceOf } from "./forms.js";
import { scanMarkup, move, splice, trusted } from "./fragments.js";
import { setWhilePending, applyPending, onRevert } from "./pending.js";
import { close, pendingBatch, applyMessage } from "./socket.js";
import { captureEdits, controlsOf, editCount, isControl, preserveInput, updateAttribute } from "./values.js";

/** @type {CoreParts} */
export const parts = [
  calledBy, callsOf, setWhilePending, close, requestFullPage, editCount, fieldsOf, preserveInput, isControl, applyPending,
  scanMarkup, move, onRevert, pendingBatch, () => ops, perform, referenceOf, report, run, captureEdits, session, splice,
  applyMessage, trusted, updateAttribute, controlsOf,
];
