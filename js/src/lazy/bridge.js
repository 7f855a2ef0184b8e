// What the core lets the rest of the client use.

/** @typedef {import("../core/bridge.js").Parts} Parts */

/** @param {Parts} parts by position: their names would cost the core more than they say */
const named = ([
  calledBy, callsOf, change, close, doubt, edits, fieldsOf, guard, isControl, lay, meetMarkup, move, onLift, parcel, pending, perform, referenceOf, report, run,
  see, session, splice, take, trusted, updateAttribute,
]) => ({
  calledBy, callsOf, change, close, doubt, edits, fieldsOf, guard, isControl, lay, meetMarkup, move, onLift, parcel, pending, perform, referenceOf, report, run,
  see, session, splice, take, trusted, updateAttribute,
});

/** @type {ReturnType<typeof named>} */
export let core;

/** @param {Parts} parts */
export const receive = (parts) => { core = named(parts); };
