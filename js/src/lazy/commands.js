// Client commands: what an event attribute does without the server. Its value is JSON, as liveactions/templates/commands.py
// writes it: [name, target, argument ...], or ["call", reference].
//
// What they change stays while patches come. Of each attribute and class that they have changed, the client knows what the
// server rendered; as long as the server renders that, the change holds. Once the server renders something else, its value does.

/** @import { Call, Features } from "../interface.js" */
import { confirmed } from "../core/fields.js";
import { ERROR } from "../core/wire.js";
import { core } from "./bridge.js";
import { classList, closest, contains, focus, getAttribute, hasAttribute, isConnected, matches, querySelectorAll, removeAttribute, reportValidity, scrollIntoView, setAttribute } from "./members.js";
import { allFinished, allowsMotion, animationsOf } from "./motion.js";

/** @typedef {0 | string | [to: string, closest: string]} Target */
/** @typedef {[name: string, ...rest: any[]]} Command */
/** @typedef {{ rendered: string | null, shown: string | null }} Override what the server rendered, and what a command has made of it */

/** @type {Features["commands"]} */
export const feature = { covers, forgetOverrides, runCommands, start };

// What commands have changed.

/** @type {WeakMap<Element, Map<string, Override>>} by name of an attribute, or of a class with a dot in front, whose value is "" or null */
let overrides = new WeakMap();
/** Whether there were any. */
let isUsed = false;
/** @type {Element[]} what may be replaced by a patch */
let held = [];

function start() {
  addEventListener("live:patch", (event) => {
    if (!isUsed) return;
    if (/** @type {CustomEvent} */ (event).detail.phase === "before") held = [...document.querySelectorAll("[id]")].filter((element) => overrides.get(element)?.size);
    else held.splice(0).forEach(carryOver);
  });
}

/** Another page has nothing of this one. */
function forgetOverrides() {
  overrides = new WeakMap();
  held = [];
}

/** What replaces an element, and has its id, gets what commands have changed in it. @param {Element} old */
function carryOver(old) {
  const heir = !isConnected(old) && document.getElementById(getAttribute(old, "id") ?? "");
  if (!heir || overrides.has(heir)) return;
  for (const [key, { rendered, shown }] of overrides.get(old) ?? []) if (read(heir, key) === rendered) override(heir, key, shown);
}

/** @param {Element} element @param {string} key */
const read = (element, key) => (key[0] !== "." ? getAttribute(element, key) : classList(element).contains(key.slice(1)) ? "" : null);

/**
 * Changes an attribute or a class, as long as the server renders what it does now.
 * @param {Element} element
 * @param {string} key
 * @param {string | null} value
 */
function override(element, key, value) {
  const known = overrides.get(element) ?? new Map();
  const { rendered } = known.get(key) ?? { rendered: read(element, key) };
  known.delete(key); // not the server's
  overrides.set(element, known);
  isUsed = true;
  if (key[0] === ".") classList(element).toggle(key.slice(1), value !== null);
  else core.updateAttribute(element, key, value);
  if (value !== rendered) known.set(key, { rendered, shown: value });
}

/**
 * The server renders an attribute.
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value
 * @returns {boolean} whether that is done: a part of it was changed by commands, which holds
 */
function covers(element, name, value) {
  const known = overrides.get(element);
  if (!known) return false;
  if (name === "hidden") queueMicrotask(() => tellExpanded(element));
  if (name === "class") return coversClasses(element, known, value);
  if (known.get(name)?.rendered === value) return true;
  known.delete(name);
  return false;
}

/** @param {Element} element @param {Map<string, Override>} known @param {string | null} value */
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
 * Runs the commands of an event attribute.
 * @param {Call} call
 * @param {Event} event
 */
function runCommands(call, event) {
  const { element, descriptor } = call;
  const commands = commandsOf(element, descriptor);
  const calls = commands.some(([name]) => name === "call");
  const form = formOf(element, event);
  // It came before this file was there: the browser has submitted the form, as it does without commands.
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

/** @param {Element} element @param {string} descriptor @returns {Command[]} */
const commandsOf = (element, descriptor) => JSON.parse(getAttribute(element, descriptor) ?? "[]");

/** The form that an event is about to submit. @param {any} element @param {Event} event @returns {HTMLFormElement | null} */
function formOf(element, { type }) {
  if (type === "submit" && element instanceof HTMLFormElement) return element;
  return type === "click" && /submit|image/.test(element.type) ? element.form : null;
}

/** Whether the browser submits a form, or would; it says why not. @param {HTMLFormElement} form @param {any} element that one, or its button */
const isValid = (form, element) => form === element || hasAttribute(form, "novalidate") || element.formNoValidate || reportValidity(form);

/** Asks the person, where the author wants it: a call and a submit that follow don't ask again. @param {Element} element @param {Event} event */
function isConfirmed(element, event) {
  const question = getAttribute(element, "live-confirm");
  if (!confirmed(element)) return event.preventDefault(), false;
  if (question !== null) {
    removeAttribute(element, "live-confirm");
    setTimeout(() => setAttribute(element, "live-confirm", question));
  }
  return true;
}

/** @param {Element} element @param {Target} [target] @returns {Element[]} */
function targetsOf(element, target) {
  if (!target) return [element];
  const [to, around] = [target].flat();
  const scope = around ? closest(element, around) : document;
  if (!scope) return [];
  return to ? [...querySelectorAll(scope, to)] : [/** @type {Element} */ (scope)];
}

// Visibility.

/** @type {WeakMap<Element, Element>} what has shown an element */
const openers = new WeakMap();

/**
 * @param {Element[]} targets
 * @param {Element} element that has the commands
 * @param {(target: Element) => boolean} decide whether it is hidden
 */
function setHidden(targets, element, decide) {
  for (const target of targets) {
    const hides = decide(target);
    const hadFocus = hides && contains(target, document.activeElement);
    override(target, "hidden", hides ? "" : null);
    if (hadFocus) [openers.get(target), element].some((control) => control && isConnected(control) && !contains(target, control) && takesFocus(control, true));
    if (!hides) openers.set(target, element);
    tellExpanded(target);
    if (element !== target && matches(element, "[aria-expanded]:not([aria-controls])")) override(element, "aria-expanded", String(!hides));
  }
}

/** Controls that say whether an element is shown. @param {Element} target */
function tellExpanded(target) {
  const id = getAttribute(target, "id");
  if (!id) return;
  for (const control of document.querySelectorAll(`[aria-expanded][aria-controls~="${CSS.escape(id)}"]`)) {
    override(control, "aria-expanded", String(!hasAttribute(target, "hidden")));
  }
}

/** @param {any} element @param {boolean} [preventScroll] @returns {boolean} whether it has the focus now */
function takesFocus(element, preventScroll = false) {
  if (element && "focus" in element) focus(element, { preventScroll });
  return element === document.activeElement;
}

// Classes.

/** @param {Element[]} targets @param {string} names @param {(target: Element, name: string) => boolean} decide whether it has the class */
function setClasses(targets, names, decide) {
  for (const target of targets) for (const name of names.split(" ")) override(target, `.${name}`, decide(target, name) ? "" : null);
}

/** @type {WeakMap<Element, object>} the newest of its transitions */
const transitions = new WeakMap();

/** @param {HTMLElement} target @param {string} names */
function animate(target, names) {
  if (!allowsMotion()) return;
  const transition = {};
  transitions.set(target, transition);
  setClasses([target], names, () => false);
  const before = animationsOf(target); // also a style, without which the next class would be no change
  setClasses([target], names, () => true);
  allFinished(animationsOf(target).filter((animation) => !before.includes(animation))).then(() => {
    if (transitions.get(target) === transition) setClasses([target], names, () => false);
  });
}

// The clipboard.

/** @param {Element} element that has the command @param {string} text */
function copy(element, text) {
  const failed = () => core.report(element, ERROR, { error: "Not copied", status: 0 });
  if (navigator.clipboard) navigator.clipboard.writeText(text).catch(failed);
  else if (!copySelected(text)) failed(); // a page that isn't secure
}

/** @param {string} text */
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
