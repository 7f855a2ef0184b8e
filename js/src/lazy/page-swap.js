// Replaces the whole page, by a new version of it that can't be patched in or by another page. Equal nodes stay; if it is the
// same page, typed text moves to the controls that replace the old ones.

/** @import { Control, Settled } from "../interface.js" */
import { callsOf } from "../core/calls.js";
import { isCheckable, isControl } from "../core/controls.js";
import { REDIRECT, ERROR, FIELD_ACTION, FIELD_SNAPSHOT, OK_KEEP_FORM, NAVIGATE, OK } from "../core/wire.js";
import { core } from "./bridge.js";
import { forgetChanges } from "./changes.js";
import { forgetOverrides } from "./commands.js";
import { ignoringElements, restoreIgnored } from "./delta.js";
import { forgetAutofocus } from "./dialogs.js";
import { flushDelays } from "./event-modifiers.js";
import { isEqual } from "./matching.js";
import { closest, focus, getAttribute, nextSibling, remove, scrollIntoView, setAttribute, tabIndex } from "./members.js";
import { parseDocument } from "./parsing.js";
import { forgetOriginals } from "./raw.js";
import { hasName, nameTab } from "./tab.js";
import { allowLeaving, confirmLeaving, unmarkUnsaved } from "./unsaved.js";
import { beginNavigating, endNavigating, keepElements, markCurrent, restoreBoxes, scrolledBoxes, unmarkCurrent } from "./whereabouts.js";


/**
 * @param {string} html
 * @param {Settled[]} settled ops that it answers
 * @param {1} [fresh] its session knows nothing of what was typed
 */
export function replacePage(html, settled, fresh) {
  const next = parseDocument(html);
  const isAnother = isSwap(settled, next);
  const scripts = new Set(document.scripts);
  const { activeElement } = document;
  const named = hasName();
  unmarkCurrent();
  unmarkUnsaved();
  const ignored = isAnother ? [] : ignoringElements();
  const place = isAnother ? keepElements(next) : () => {};
  const typed = [...document.body.querySelectorAll("*")].filter(isControl).filter(core.editCount);
  if (isAnother) {
    for (const control of typed) control.remove(); // nothing of it stays because the other page looks the same
    forgetOverrides();
  }
  const { live } = document.documentElement.dataset;
  for (const name of ["documentElement", "head", "body"]) copyAttributes(/** @type {any} */ (document)[name], /** @type {any} */ (next)[name]);
  if (live) document.documentElement.dataset.live = live;
  for (const name of ["head", "body"]) copyChildren(/** @type {any} */ (document)[name], /** @type {any} */ (next)[name]);
  if (named) nameTab();
  place();
  ignored.forEach(restoreIgnored);
  forgetOriginals();
  core.scanMarkup(document);
  forgetChanges();
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

// Another page in place of this one, over the same connection: its address, scroll position, focus, title and scripts.


/** The path of the page that stands here. */
let path = location.pathname;
/** The path of the page that stands here: another one than the address says while that page is on its way. */
export const shownPath = () => path;
/** @type {WeakSet<object>} answers that led to a page that came along with them */
const completed = new WeakSet();
/** Number of the last op that led away: nobody follows those before it. */
let departure = 0;
/** @type {HTMLElement | undefined} says to those who can't see it which page this is */
let announcer;

/**
 * Whether a page that came whole is another one; if so, the address is its own from now on.
 * @param {Settled[]} settled ops that came to their end with it
 * @param {Document} next
 */
export function isSwap(settled, next) {
  const leading = settled.find(([, status, redirect]) => status === REDIRECT && isAt(next, redirect.url));
  if (leading) {
    const [op, , redirect] = leading;
    departure = op.n;
    completed.add(redirect);
    setAddress(redirect.url, !redirect.replace && op.parts?.[0] !== NAVIGATE);
  }
  const before = path;
  path = location.pathname;
  return !!leading || path !== before;
}

/** Whether a page is that of an address: where its own form posts to says it. @param {Document} page @param {string} url */
function isAt(page, url) {
  const form = page.getElementById("live");
  const own = (form && getAttribute(form, "action")) ?? url;
  return new URL(own, location.href).pathname === new URL(url, location.href).pathname;
}

/** @param {object} redirect @param {number} [n] of the op that led there */
export const isCurrent = (redirect, n = Infinity) => !completed.has(redirect) && n > departure;

/** The other page is there. @param {Set<Element>} kept scripts that ran already */
export function completeSwap(kept) {
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

/** Scripts of markup don't run; those of a page do. @param {HTMLScriptElement} inert @returns {HTMLScriptElement} that has taken its place */
export function execute(inert) {
  const script = document.createElement("script");
  try {
    for (const { name, value } of inert.attributes) script.setAttribute(name, value);
    script.nonce = inert.nonce;
    script.text = inert.text;
    inert.replaceWith(script);
  } catch {
    location.reload(); // a policy of trusted types: only the browser itself may
  }
  return script;
}

// Ways to other pages over the same connection, and to other queries of the same one. The browser loads what is no live page,
// and whatever would have to wait for an action.

/** The address that the page shows, or is about to. */
let currentUrl = cleanAddress();
/** The entry of the history that it has; of those of this document, where they were scrolled to. */
let entry = history.state?.live ?? 0;
/** @type {Map<number, { x: number, y: number, boxes: import("./whereabouts.js").Scrolled[] }>} */
const scrolls = new Map();

export function watchNavigation() {
  addEventListener("click", onClick);
  addEventListener("popstate", onPopState);
  addEventListener("submit", refuseSubmit, true);
  // Only this document knows where its entries were scrolled to.
  addEventListener("pagehide", () => { history.scrollRestoration = "auto"; });
}

/** A post is answered at an address with a handle: opened again it would show an old state. */
function cleanAddress() {
  const url = new URL(location.href);
  if (url.searchParams.has(FIELD_SNAPSHOT)) {
    url.searchParams.delete(FIELD_SNAPSHOT);
    history.replaceState(history.state, "", url);
  }
  return location.href;
}

/** @param {MouseEvent} event */
function onClick(event) {
  const link = event.target instanceof Element && /** @type {HTMLAnchorElement | null} */ (closest(event.target, "a"));
  const { live } = document.documentElement.dataset;
  if (!link || !link.closest("[live-nav]") || live === "closed" || event.defaultPrevented || isButtons(event)) return;
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if ((link.target && link.target !== "_self") || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (isShown(link) && link.hash) return; // the browser does it
  if (link.pathname !== location.pathname && (live !== "open" || isBlocked())) return;
  event.preventDefault();
  if (link.pathname !== location.pathname && !confirmLeaving()) return;
  setAddress(link.href, link.href !== location.href);
  navigate(1, link);
}

/** Whether a click is that of a button in the link, and does something else. @param {Event} event */
function isButtons({ target }) {
  const button = /** @type {HTMLButtonElement | null} */ (closest(/** @type {Element} */ (target), "a button"));
  return button && ((button.form && button.type !== "button") || callsOf(button).some(({ type }) => type === "click"));
}

/**
 * Makes an address the page's own.
 * @param {string} url
 * @param {unknown} push whether it is another entry of the history
 */
export function setAddress(url, push) {
  if (push) {
    noteScroll();
    history.pushState({ live: ++entry }, "", url);
    history.scrollRestoration = "manual";
  } else history.replaceState(history.state, "", url);
  currentUrl = location.href;
  markCurrent();
}

/** Whether only the hash differs, if anything. @param {{ href: string }} redirect */
const isShown = ({ href }) => href.split("#")[0] === currentUrl.split("#")[0];

function onPopState() {
  noteScroll();
  const left = entry;
  entry = history.state?.live ?? 0;
  if (isShown(location)) return restoreScroll();
  const isAnother = new URL(currentUrl).pathname !== location.pathname;
  if (isAnother && !confirmLeaving()) {
    history.go(left - entry); // back to the entry of the page that is still shown
    entry = left;
    return;
  }
  if (isAnother && isBlocked()) return location.reload();
  currentUrl = location.href;
  navigate();
}

/** Whether another page is about to take the place of this one. */
const isLeaving = () => path !== location.pathname && core.pending().some(({ parts }) => parts?.[0] === NAVIGATE);

/** What a call ends with that was made in the meantime. */
const LEAVING = { error: "Not sent: another page is being loaded", status: 409 };

/**
 * Whether an op isn't made: a page that is being left calls nothing any more. Else delayed calls go out before it.
 * @param {import("../interface.js").Request} request
 */
export function refuses(request) {
  if (!isLeaving() || request.build()?.[0] === NAVIGATE) return flushDelays();
  request.ended?.(ERROR, LEAVING);
  core.report(request.source, ERROR, LEAVING);
  return true;
}

/** A form posts no action of the page that is being left, which would end the navigation. @param {Event} event */
function refuseSubmit(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const submitter = /** @type {SubmitEvent} */ (event).submitter;
  const action = submitter?.getAttribute("formaction") ?? getAttribute(form, "action") ?? "";
  if (!isLeaving() || !new URL(action, document.baseURI).searchParams.has(FIELD_ACTION)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  core.report(form, ERROR, LEAVING);
}

/** Whether an op holds up those after it. */
const isBlocked = () => core.pending().some(({ running }) => !running);

/** Tells the server the new address. @param {1} [push] not when it comes from the history @param {Element} [cause] the link */
function navigate(push, cause) {
  const url = location.pathname + location.search + location.hash;
  beginNavigating();
  core.perform({
    build: () => (push ? [NAVIGATE, url, push] : [NAVIGATE, url]),
    cause,
    ended(status) {
      endNavigating();
      if (status === OK || status === OK_KEEP_FORM) push ? scrollToHash() : restoreScroll();
      else if (status !== REDIRECT) location.reload(); // the browser shows what is there, or why not
    },
  });
}

/** Where the page is scrolled to, in case somebody comes back to its entry. */
const noteScroll = () => void scrolls.set(entry, { x: scrollX, y: scrollY, boxes: scrolledBoxes() });

/** To where the entry was left, if this document knows. */
export function restoreScroll() {
  const left = scrolls.get(entry);
  if (!left) return void scrollToHash();
  scrollTo(left.x, left.y);
  restoreBoxes(left.boxes);
}

/** @returns {Element | null} what the address names, now in view */
export function scrollToHash() {
  const element = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (element) scrollIntoView(element);
  return element;
}

// Away from the page, where an answer says so.

/** @param {{ url: string, replace?: boolean }} redirect @param {number} [n] of the op that led there */
export function followRedirect(redirect, n) {
  if (!isCurrent(redirect, n)) return;
  const target = new URL(redirect.url, document.baseURI);
  const [here] = location.href.split("#");
  const reload = target.hash && target.href.split("#")[0] === here;
  allowLeaving();
  location[redirect.replace ? "replace" : "assign"](target);
  if (reload) location.reload(); // the browser has only scrolled
}

// What browsers do with markup only while they load a page, done with that of patches: shadow roots, and scripts that may run.

const RUN = "script[live-run]";

/** @type {WeakSet<Element>} */
const ran = new WeakSet();

export function watchMarkup() {
  for (const script of document.querySelectorAll(RUN)) ran.add(script); // by the browser
  addEventListener("live:patch", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.phase !== "after") return;
    document.querySelectorAll("template[shadowrootmode]").forEach(attach);
    for (const script of document.querySelectorAll(RUN)) if (!ran.has(script)) ran.add(execute(/** @type {HTMLScriptElement} */ (script)));
  });
}

/** @param {any} template */
function attach(template) {
  const host = template.parentElement;
  if (!host.shadowRoot) {
    const mode = template.getAttribute("shadowrootmode");
    host.attachShadow({ mode, delegatesFocus: template.hasAttribute("shadowrootdelegatesfocus") }).append(template.content);
  }
  template.remove();
}
