// What else shows that an op isn't finished: texts of buttons, regions elsewhere, progress of files, optimistic markup.

import { core } from "./core.js";
import { anticipate } from "./optimistic.js";
import { say } from "./saying.js";
import { showProgress } from "./uploads.js";

const PENDING = "data-pending-for";
const OPTIMISTIC = "live-optimistic";

/** @param {import("../connection.js").Request & { parts?: any[] | null }} op isn't finished, or waits for its files */
export function cover(op) {
  const { pressed, source } = op;
  const [, called, fields] = op.parts ?? op.build() ?? [];
  // Where an action slot is called, the page doesn't know the name.
  const name = typeof called == "string" ? called.split("~")[0] : "";
  say(pressed ?? source);
  for (const element of document.querySelectorAll(`[${PENDING}],[${OPTIMISTIC}]`)) {
    if (lists(element, PENDING, name)) core.change(element, "data-pending", "");
    const isOwn = !element.getAttribute(OPTIMISTIC) && element.hasAttribute(OPTIMISTIC) && source?.contains(element);
    if (isOwn || lists(element, OPTIMISTIC, name)) anticipate(op, element, fields ?? []);
  }
  showProgress(op);
}

/** @param {Element} element @param {string} attribute that lists actions @param {string} name */
const lists = (element, attribute, name) => name && element.getAttribute(attribute)?.split(" ").includes(name);
