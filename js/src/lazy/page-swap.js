// Replaces the whole page, by a new version of it that can't be patched in or by another page. Equal nodes stay; if it is the
// same page, typed text moves to the controls that replace the old ones.

/** @import { Control, Features, Settled } from "../interface.js" */
import { isCheckable, isControl } from "../core/controls.js";
import { core } from "./bridge.js";
import { isEqual } from "./equality.js";
import { forgetAutofocus } from "./focus.js";
import { ignoringElements, restoreIgnored } from "./ignore.js";
import { loaded } from "./loading.js";
import { execute } from "./markup.js";
import { focus, getAttribute, hasAttribute, nextSibling, parentNode, remove, setAttribute, tabIndex } from "./members.js";
import { moveBefore } from "./moves.js";
import { isSwap, scrollToHash, unmarkCurrent } from "./navigation.js";
import { parseDocument } from "./parsing.js";
import { hasName, nameTab } from "./tab.js";

/** @type {Features["pages"]} */
export const feature = { replacePage };

/**
 * @param {string} html
 * @param {Settled[]} settled ops that it answers
 * @param {1} [fresh] its session knows nothing of what was typed
 */
function replacePage(html, settled, fresh) {
  const next = parseDocument(html);
  const isAnother = isSwap(settled, next);
  const scripts = new Set(document.scripts);
  const { activeElement } = document;
  const named = hasName();
  unmarkCurrent();
  loaded.unsaved?.unmarkUnsaved();
  const ignored = isAnother ? [] : ignoringElements();
  const place = isAnother ? keepElements(next) : () => {};
  const typed = [...document.body.querySelectorAll("*")].filter(isControl).filter(core.editCount);
  if (isAnother) {
    for (const control of typed) control.remove(); // nothing of it stays because the other page looks the same
    loaded.commands?.forgetOverrides();
  }
  const { live } = document.documentElement.dataset;
  for (const name of ["documentElement", "head", "body"]) copyAttributes(/** @type {any} */ (document)[name], /** @type {any} */ (next)[name]);
  if (live) document.documentElement.dataset.live = live;
  for (const name of ["head", "body"]) copyChildren(/** @type {any} */ (document)[name], /** @type {any} */ (next)[name]);
  if (named) nameTab();
  place();
  ignored.forEach(restoreIgnored);
  loaded.raw?.forgetOriginals();
  core.scanMarkup(document);
  loaded.changes?.forgetChanges();
  forgetAutofocus();
  if (isAnother) return completeSwap(scripts);
  const replacements = typed.map((control) => (control.isConnected ? control : transferInput(replacementFor(control), control)));
  if (fresh) queueMicrotask(() => replacements.forEach(dispatchInputEvents)); // when calls are heard again
  if (isControl(activeElement) && !activeElement.isConnected) replacementFor(activeElement)?.focus();
}

/** @param {Element} old @param {Element} next */
function copyAttributes(old, next) {
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name)) core.updateAttribute(old, name, null);
  for (const { name, value } of next.attributes) core.updateAttribute(old, name, value);
}

/**
 * Nodes that are equal stay, with what a person did to them.
 * @param {Element} parent
 * @param {Element} next
 */
function copyChildren(parent, next) {
  let old = parent.firstChild;
  for (const node of [...next.childNodes]) {
    let same = old;
    while (same && !isEqual(same, node)) same = nextSibling(same);
    if (same) {
      removeUpTo(old, same);
      old = nextSibling(same);
    } else parent.insertBefore(document.importNode(node, true), old);
  }
  removeUpTo(old, null);
}

/** @param {ChildNode | null} node @param {ChildNode | null} stop */
function removeUpTo(node, stop) {
  while (node && node !== stop) {
    const next = nextSibling(node);
    remove(node);
    node = next;
  }
}

/** The control that replaces one of the old page: of the same id or name. @param {Control} control */
function replacementFor(control) {
  const candidates = control.id ? [document.getElementById(control.id)] : [...document.getElementsByName(control.name)];
  return /** @type {unknown[]} */ (candidates).filter(isControl).find((other) =>
    other.type === control.type && idOfForm(other) === idOfForm(control) && (!isCheckable(control) || other.value === control.value));
}

/** @param {Control} control */
const idOfForm = ({ form }) => form && getAttribute(form, "id");

/** Whoever listens hears of it. @param {Control | undefined} control */
function dispatchInputEvents(control) {
  for (const type of ["input", "change"]) control?.dispatchEvent(new Event(type, { bubbles: true }));
}

/** @param {any} replacement takes what was typed into `control` @param {any} control @returns {Control | undefined} */
function transferInput(replacement, control) {
  if (!replacement) return;
  if (control.options) for (const option of replacement.options) option.selected = [...control.selectedOptions].some(({ value }) => value === option.value);
  else if (isCheckable(control)) replacement.checked = control.checked;
  else if (control.type !== "file") replacement.value = control.value;
  replacement.dispatchEvent(new Event("input", { bubbles: true })); // it counts as typed
  return replacement;
}

// Another page in place of this one, over the same connection: its scroll position, focus, title and scripts.

/** @type {HTMLElement | undefined} says to those who can't see it which page this is */
let announcer;

/** The other page is there. @param {Set<Element>} kept scripts that ran already */
function completeSwap(kept) {
  scrollTo(0, 0);
  const target = scrollToHash() ?? document.querySelector("[autofocus]") ?? document.querySelector("h1") ?? document.body;
  queueMicrotask(() => focusOn(target)); // after whatever the patch does with the focus
  announce(document.title);
  for (const script of document.scripts) if (!kept.has(script) && !script.dataset.live) execute(script);
}

/** @param {Element} element */
function focusOn(element) {
  if (!(element instanceof HTMLElement)) return;
  if (tabIndex(element) < 0) setAttribute(element, "tabindex", "-1");
  focus(element, { preventScroll: true });
}

/** @param {string} text */
function announce(text) {
  if (!announcer) {
    announcer = document.createElement("div");
    announcer.setAttribute("role", "status");
    Object.assign(announcer.style, { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" });
    document.documentElement.append(announcer); // no page's own
  }
  announcer.textContent = text;
}

// `live-keep`: an element that goes on in the next page as it is, if that has one of the same id with `live-keep`.

const KEEP = "live-keep";

/**
 * Put the elements that the next page keeps aside, where they stay in the document: what plays goes on.
 * @param {Document} next
 * @returns {() => void} puts them in the place of those of the next page
 */
function keepElements(next) {
  const kept = [...document.querySelectorAll(`[${KEEP}][id]`)].filter((element) => {
    const other = next.getElementById(getAttribute(element, "id") ?? "");
    return other && hasAttribute(other, KEEP);
  });
  if (!kept.length) return () => {};
  const aside = document.createElement("div");
  aside.hidden = true;
  document.documentElement.append(aside);
  for (const element of kept) moveBefore(aside, element, null);
  return () => {
    for (const element of kept) {
      const replaced = [...document.querySelectorAll(`[id="${CSS.escape(getAttribute(element, "id") ?? "")}"]`)].find((one) => one !== element);
      const parent = replaced && parentNode(replaced);
      if (!parent) continue;
      moveBefore(parent, element, replaced);
      remove(replaced);
    }
    aside.remove();
  };
}
