// The core's functions that the lazy half of the client uses, in the order of `CoreParts`.

/** @import { CoreParts } from "../interface.js" */
import { perform, report } from "./client.js";
import { requestFullPage, ops, session, unansweredOp, unsend } from "./connection.js";
import { calledBy, run } from "./events.js";
import { scanMarkup, trusted } from "./fragments.js";
import { setWhilePending, applyPending, onRevert } from "./pending.js";
import { close, pendingBatch, applyMessage, send, write } from "./socket.js";
import { editCount, preserveInput, updateAttribute } from "./values.js";

/** @type {CoreParts} */
export const parts = [
  calledBy, setWhilePending, close, requestFullPage, editCount, preserveInput, applyPending, scanMarkup, onRevert, pendingBatch,
  () => ops, perform, report, run, session, applyMessage, trusted, updateAttribute, send, unansweredOp, unsend, write,
];
