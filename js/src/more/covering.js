// What else shows that an op isn't finished: texts of buttons.

import { say } from "./saying.js";

/**
 * @param {import("../connection.js").Op} op isn't finished
 * @param {(() => void)[]} undo gets what gives the page back as it was
 */
export function cover({ source, submitter }, undo) {
  say(submitter ?? source, undo);
}
