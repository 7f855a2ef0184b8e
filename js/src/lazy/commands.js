// Runs client commands: what event attributes do without the server. The attribute's value is a JSON array of commands, written
// by liveactions/templates/commands.py: [name, target, argument ...], or ["call", reference].
//
// What commands change is kept when patches come. For each attribute and class that a command has changed, there is an override
// that remembers the value that the server had rendered. The override holds as long as the server renders that same value;
// when it renders another one, that value wins.

/** @import { Call, Features } from "../interface.js" */
import { confirmed } from "../core/fields.js";
import { ERROR } from "../core/wire.js";
import { core } from "./bridge.js";
import { classList, closest, contains, focus, getAttribute, hasAttribute, isConnected, matches, querySelectorAll, removeAttribute, reportValidity, scrollIntoView, setAttribute } from "./members.js";
import { allFinished, allowsMotion, animationsOf } from "./motion.js";

/** @typedef {0 | string | [to: string, closest: string]} Target */
/** @typedef {[name: string, ...rest: any[]]} Command */
/** @typedef {{ rendered: string | null, shown: string | null }} Override the server's value, and the command's */

/** @type {Features["commands"]} */
export const feature = { covers, forgetOverrides, runCommands, start };

// Overrides.

/** @type {WeakMap<Element, Map<string, Override>>} by attribute name, or ".name" for a class, whose value is "" (set) or null (not set) */
let overrides = new WeakMap();
/** Whether there has been an override. */
let isUsed = false;
/** @type {Element[]} elements with overrides and an id, while a patch is applied */
let held = [];

/** Copy overrides to elements that replace others in a patch. */
function start() {
  addEventListener("live:patch", (event) => {
    if (!isUsed) return;
    if (/** @type {CustomEvent} */ (event).detail.phase === "before") held = [...document.querySelectorAll("[id]")].filter((element) => overrides.get(element)?.size);
    else held.splice(0).forEach(carryOver);
  });
}

/** Drop all overrides, since another page is shown. */
function forgetOverrides() {
  overrides = new WeakMap();
  held = [];
}

/** Copy an element's overrides to the element with the same id that has replaced it. @param {Element} old */
function carryOver(old) {
  const heir = !isConnected(old) && document.getElementById(getAttribute(old, "id") ?? "");
  if (!heir || overrides.has(heir)) return;
  for (const [key, { rendered, shown }] of overrides.get(old) ?? []) if (read(heir, key) === rendered) override(heir, key, shown);
}

/** The current value of an attribute or class. @param {Element} element @param {string} key */
const read = (element, key) => (key[0] !== "." ? getAttribute(element, key) : classList(element).contains(key.slice(1)) ? "" : null);

/**
 * Change an attribute or class for as long as the server renders the value that it renders now.
 * @param {Element} element
 * @param {string} key
 * @param {string | null} value
 */
function override(element, key, value) {
  const known = overrides.get(element) ?? new Map();
  const { rendered } = known.get(key) ?? { rendered: read(element, key) };
  known.delete(key); // otherwise `covers` would take this for the server's value
  overrides.set(element, known);
  isUsed = true;
  if (key[0] === ".") classList(element).toggle(key.slice(1), value !== null);
  else core.updateAttribute(element, key, value);
  if (value !== rendered) known.set(key, { rendered, shown: value });
}

/**
 * Apply an attribute value of the server where overrides hold.
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value
 * @returns {boolean} false if no override holds: the caller sets the attribute then
 */
function covers(element, name, value) {
  const known = overrides.get(element);
  if (!known) return false;
  if (name === "hidden") queueMicrotask(() => updateExpanded(element));
  if (name === "class") return coversClasses(element, known, value);
  if (known.get(name)?.rendered === value) return true;
  known.delete(name);
  return false;
}

/**
 * Like `covers`, for the class attribute: combine the server's classes with the overrides that hold.
 * @param {Element} element
 * @param {Map<string, Override>} known
 * @param {string | null} value
 */
function coversClasses(element, known, value) {
  const list = document.createElement("i").classList;
  list.value = value ?? "";
  let covered = false;
  for (const [key, { rendered, shown }] of known) {
    if (key[0] !== ".") continue;
    const name = key.slice(1);
    if (list.contains(name) !== (rendered !== null)) known.delete(key);
    else covered = true, list.toggle(name, shown !== null);
  }
  if (covered && value === null && !list.length) removeAttribute(element, "class");
  else if (covered) setAttribute(element, "class", list.value);
  return covered;
}

// Commands.

/** @type {Record<string, (targets: any[], element: Element, ...rest: any[]) => void>} */
const COMMANDS = {
  show: (targets, element) => setHidden(targets, element, () => false),
  hide: (targets, element) => setHidden(targets, element, () => true),
  toggle: (targets, element) => setHidden(targets, element, (target) => !hasAttribute(target, "hidden")),
  add_class: (targets, _, names) => setClasses(targets, names, () => true),
  remove_class: (targets, _, names) => setClasses(targets, names, () => false),
  toggle_class: (targets, _, names) => setClasses(targets, names, (target, name) => !classList(target).contains(name)),
  transition: (targets, _, names) => targets.forEach((target) => animate(target, names)),
  set_attr: (targets, _, name, value) => targets.forEach((target) => override(target, name, value)),
  remove_attr: (targets, _, name) => targets.forEach((target) => override(target, name, null)),
  toggle_attr: (targets, _, name, value, other = null) => targets.forEach((target) => override(target, name, getAttribute(target, name) === value ? other : value)),
  focus: ([target]) => target && [target, ...querySelectorAll(target, "*")].some((one) => takesFocus(one)),
  blur: (targets) => targets.forEach((target) => { if (contains(target, document.activeElement)) /** @type {any} */ (document.activeElement).blur(); }),
  scroll_into_view: ([target], _, block, smooth) => target && scrollIntoView(target, { block, behavior: smooth && allowsMotion() ? "smooth" : "auto" }),
  copy: ([target], element, text) => { if (target) copy(element, text ?? target.value ?? target.innerText); },
  dispatch: (targets, _, name, detail, bubbles) => targets.forEach((target) => dispatchEvent.call(target, new CustomEvent(name, { bubbles, detail }))),
};

/**
 * Run the commands of an event attribute.
 * @param {Call} call
 * @param {Event} event
 */
function runCommands(call, event) {
  const { element, descriptor } = call;
  const commands = commandsOf(element, descriptor);
  const calls = commands.some(([name]) => name === "call");
  const form = formOf(element, event);
  // The event was dispatched before this file was loaded, so the browser has already submitted the form.
  const isOver = form && !event.eventPhase && !event.defaultPrevented;
  if (!isOver) {
    if (form && calls) event.preventDefault(); // the call replaces the submit
    if (!isConfirmed(element, event)) return;
  }
  for (const [i, [name, target, ...rest]] of commands.entries()) {
    if (name !== "call") COMMANDS[name](targetsOf(element, target), element, ...rest);
    else if (form && !isOver && !isValid(form, element)) return;
    else if (!isOver) core.run({ ...call, element: form ?? element }, event, () => commandsOf(element, descriptor)[i]?.[1]);
  }
}

/** Parse an attribute's commands. @param {Element} element @param {string} descriptor @returns {Command[]} */
const commandsOf = (element, descriptor) => JSON.parse(getAttribute(element, descriptor) ?? "[]");

/** The form that an event is about to submit. @param {any} element @param {Event} event @returns {HTMLFormElement | null} */
function formOf(element, { type }) {
  if (type === "submit" && element instanceof HTMLFormElement) return element;
  return type === "click" && /submit|image/.test(element.type) ? element.form : null;
}

/**
 * Whether the browser would submit a form; it shows what is invalid.
 * @param {HTMLFormElement} form
 * @param {any} element the form, or its button
 */
const isValid = (form, element) => form === element || hasAttribute(form, "novalidate") || element.formNoValidate || reportValidity(form);

/**
 * Ask the question in `live-confirm`, if there is one. The call or submit that follows doesn't ask again.
 * @param {Element} element
 * @param {Event} event
 */
function isConfirmed(element, event) {
  const question = getAttribute(element, "live-confirm");
  if (!confirmed(element)) return event.preventDefault(), false;
  if (question !== null) {
    removeAttribute(element, "live-confirm");
    setTimeout(() => setAttribute(element, "live-confirm", question));
  }
  return true;
}

/** The elements that a command applies to. @param {Element} element @param {Target} [target] @returns {Element[]} */
function targetsOf(element, target) {
  if (!target) return [element];
  const [to, around] = [target].flat();
  const scope = around ? closest(element, around) : document;
  if (!scope) return [];
  return to ? [...querySelectorAll(scope, to)] : [/** @type {Element} */ (scope)];
}

// Visibility.

/** @type {WeakMap<Element, Element>} the element whose command has shown another */
const openers = new WeakMap();

/**
 * Show or hide elements. If the focus was in a hidden one, it goes back to the control that showed it.
 * @param {Element[]} targets
 * @param {Element} element the one with the commands
 * @param {(target: Element) => boolean} decide whether a target is to be hidden
 */
function setHidden(targets, element, decide) {
  for (const target of targets) {
    const hides = decide(target);
    const hadFocus = hides && contains(target, document.activeElement);
    override(target, "hidden", hides ? "" : null);
    if (hadFocus) [openers.get(target), element].some((control) => control && isConnected(control) && !contains(target, control) && takesFocus(control, true));
    if (!hides) openers.set(target, element);
    updateExpanded(target);
    if (element !== target && matches(element, "[aria-expanded]:not([aria-controls])")) override(element, "aria-expanded", String(!hides));
  }
}

/** Set `aria-expanded` of the controls of an element, by whether it is shown. @param {Element} target */
function updateExpanded(target) {
  const id = getAttribute(target, "id");
  if (!id) return;
  for (const control of document.querySelectorAll(`[aria-expanded][aria-controls~="${CSS.escape(id)}"]`)) {
    override(control, "aria-expanded", String(!hasAttribute(target, "hidden")));
  }
}

/**
 * Focus an element.
 * @param {any} element
 * @param {boolean} [preventScroll]
 * @returns {boolean} whether it has the focus now
 */
function takesFocus(element, preventScroll = false) {
  if (element && "focus" in element) focus(element, { preventScroll });
  return element === document.activeElement;
}

// Classes.

/**
 * Add or remove classes.
 * @param {Element[]} targets
 * @param {string} names
 * @param {(target: Element, name: string) => boolean} decide whether a target gets the class
 */
function setClasses(targets, names, decide) {
  for (const target of targets) for (const name of names.split(" ")) override(target, `.${name}`, decide(target, name) ? "" : null);
}

/** @type {WeakMap<Element, object>} an element's newest transition */
const transitions = new WeakMap();

/**
 * Add classes to an element until their CSS animations and transitions end.
 * @param {HTMLElement} target
 * @param {string} names
 */
function animate(target, names) {
  if (!allowsMotion()) return;
  const transition = {};
  transitions.set(target, transition);
  setClasses([target], names, () => false);
  const before = animationsOf(target); // also computes the style, so that transitions start when the classes are added
  setClasses([target], names, () => true);
  allFinished(animationsOf(target).filter((animation) => !before.includes(animation))).then(() => {
    if (transitions.get(target) === transition) setClasses([target], names, () => false);
  });
}

// The clipboard.

/**
 * Copy a text to the clipboard.
 * @param {Element} element the one with the command, for the error event
 * @param {string} text
 */
function copy(element, text) {
  const failed = () => core.report(element, ERROR, { error: "Not copied", status: 0 });
  if (navigator.clipboard) navigator.clipboard.writeText(text).catch(failed);
  else if (!copySelected(text)) failed(); // there is no navigator.clipboard in insecure contexts
}

/** Copy a text by selecting it in a temporary field. @param {string} text */
function copySelected(text) {
  const { activeElement } = document;
  const area = Object.assign(document.createElement("textarea"), { value: text });
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  takesFocus(activeElement, true);
  return done;
}
