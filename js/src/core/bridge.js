// What the rest of the client works with.

import { perform, report } from "./client.js";
import { doubt, ops, session } from "./connection.js";
import { calledBy, callsOf, run } from "./events.js";
import { fieldsOf } from "./fields.js";
import { referenceOf } from "./forms.js";
import { meetMarkup, move, splice, trusted } from "./fragments.js";
import { change, lay, onLift } from "./pending.js";
import { close, parcel, take } from "./socket.js";
import { edits, guard, isControl, see, updateAttribute } from "./values.js";

// By position: lazy/bridge.js gives them their names back.
export const parts = /** @type {const} */ ([
  calledBy, callsOf, change, close, doubt, edits, fieldsOf, guard, isControl, lay, meetMarkup, move, onLift, parcel, () => ops, perform, referenceOf, report, run,
  see, session, splice, take, trusted, updateAttribute,
]);
/** @typedef {typeof parts} Parts */
