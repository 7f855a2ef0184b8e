// What the core lets the rest of the client use.

/** @typedef {import("../main.js").Parts} Parts */

/** @param {Parts} parts by position: their names would cost the core more than they say */
const named = ([
  calledBy, callsOf, change, close, edits, fieldsOf, isControl, lay, meetMarkup, onLift, parcel, pending, perform, referenceOf, report, run, see, session, take,
  trusted,
]) => ({
  calledBy, callsOf, change, close, edits, fieldsOf, isControl, lay, meetMarkup, onLift, parcel, pending, perform, referenceOf, report, run, see, session, take,
  trusted,
});

/** @type {ReturnType<typeof named>} */
export let core;

/** @param {Parts} parts */
export const receive = (parts) => { core = named(parts); };
