// Runs the actions of event attributes, with one listener per event type on the window. In compiled markup the attribute has
// become a slot, with a mark such as `@input.debounce.300`; in raw HTML it is an attribute: `live-input.debounce.300="reference"`.

/** @import { Call } from "../interface.js" */
import { callsOf, isInLink } from "./calls.js";
import { patching, perform, root } from "./client.js";
import { controlsOf, groupOf, isControl } from "./controls.js";
import { confirmed, fieldsOf, referenceIn } from "./fields.js";
import { addressOf, watchMarkup } from "./fragments.js";
import { loadLazy, lazy } from "./lazy.js";
import { getAttribute } from "./members.js";
import { page } from "./socket.js";
import { captureEdits } from "./values.js";
import { CALL_REF, CALL_SLOT } from "./wire.js";

/** Listen to the events that elements of the page call actions on. */
export function watchEvents() {
  listenTo("submit"); // before the listeners that send the form
  watchMarkup((elements) => {
    let isSpecial = false;
    for (const element of elements) {
      if (getAttribute(element, "data-pending-for")) loadLazy();
      for (const call of callsOf(element)) {
        listenTo(call.type);
        if (isControl(element)) loadLazy();
        if (call.modifiers[0] || !(`on${call.type}` in element)) {
          isSpecial = true;
          loadLazy().then((lazy) => lazy?.registerCall(call));
        }
      }
    }
    return isSpecial;
  });
}

/** Listen to events of a type. Repeated calls have no effect. @param {string} type */
function listenTo(type) {
  addEventListener(type, onBubbled);
  // Not on the window: browsers dispatch `mouseenter` only if a node listens to it.
  document.addEventListener(type, onCaptured, true);
}

/** @param {Event} event */
const onBubbled = (event) => { if (event.bubbles || event.target === window) dispatchCalls(event); };
/** @param {Event} event */
const onCaptured = (event) => { if (!event.bubbles) dispatchCalls(event); };

/** Run what the event's target, and its ancestors if the event bubbles, call. @param {Event} event */
function dispatchCalls(event) {
  if (patching) return;
  for (const element of event.bubbles ? event.composedPath() : [event.target]) {
    if (element instanceof Element) for (const call of callsOf(element)) {
      if (call.type !== event.type) continue;
      if (!call.modifiers[0]) run(call, event);
      else if (lazy) lazy.onEvent(call, event);
      else loadLazy().then((lazy) => lazy?.onEvent(call, event));
    }
  }
  lazy?.onWindowEvent(event);
}

/**
 * What an element calls.
 * @param {Element} element
 * @param {string} descriptor
 * @returns {string | number[] | null} a reference, or a slot's address
 */
export function calledBy(element, descriptor) {
  const ref = getAttribute(element, descriptor); // null in compiled markup
  return ref === null ? addressOf(root(), element, descriptor) : referenceIn(ref) ?? ref;
}

/**
 * Run a call's action, with the fields of the control or form.
 * @param {Call} call
 * @param {Event} event
 * @param {() => unknown} [read] returns the reference, if the attribute's value isn't one
 */
export function run({ element, descriptor }, event, read) {
  const { target, type, key, clientX: x, clientY: y, detail } = /** @type {any} */ (event);
  if (type === "submit" || isInLink(element, event)) event.preventDefault();
  if (!confirmed(element)) return;
  const source = isControl(element) || element.localName === "button" || element instanceof HTMLFormElement ? element : target;
  const fields = fieldsOf(source);
  const details = "events" in page() ? [{ type, key, x, y, detail }] : []; // an action has an `event` parameter
  perform({
    build() {
      const called = /** @type {any} */ ((read ?? calledBy)(element, descriptor));
      return called && [typeof called == "string" ? CALL_REF : CALL_SLOT, called, fields, ...details];
    },
    source: element,
    seen: captureEdits(source instanceof HTMLFormElement ? controlsOf(source) : groupOf(source)),
    resets: lazy?.isRendered,
  });
}
