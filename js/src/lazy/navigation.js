// Ways to other pages over the same connection, and to other queries of the same one: links with `live-nav`, the history, and
// what an answer leads to. The browser loads what is no live page, and whatever would have to wait for an action.

/** @import { Features, Settled } from "../interface.js" */
import { callsOf } from "../core/calls.js";
import { REDIRECT, ERROR, FIELD_ACTION, OK_KEEP_FORM, NAVIGATE, OK } from "../core/wire.js";
import { core } from "./bridge.js";
import { load, loaded } from "./loading.js";
import { closest, getAttribute, scrollIntoView } from "./members.js";
import { watchIntents } from "./prefetch.js";
import { beginNavigating, endNavigating, markCurrent, restoreBoxes, scrolledBoxes, unmarkCurrent, watchWhereabouts } from "./whereabouts.js";

export { unmarkCurrent };

/** @type {Features["navigation"]} */
export const feature = { followRedirect, refuses, setAddress, shownPath: () => path, start };

/** The path of the page that stands here: another one than the address says while that page is on its way. */
let path = location.pathname;
/** @type {WeakSet<object>} answers that led to a page that came along with them */
const completed = new WeakSet();
/** Number of the last op that led away: nobody follows those before it. */
let departure = 0;

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
const isCurrent = (redirect, n = Infinity) => !completed.has(redirect) && n > departure;

/** The address that the page shows, or is about to. */
let currentUrl = location.href;
/** The entry of the history that it has; of those of this document, where they were scrolled to. */
let entry = history.state?.live ?? 0;
/** @type {Map<number, { x: number, y: number, boxes: import("./whereabouts.js").Scrolled[] }>} */
const scrolls = new Map();

function start() {
  watchWhereabouts();
  watchIntents((event) => {
    const link = linkOf(event);
    return link && isElsewhere(link) ? link : null;
  });
  addEventListener("click", onClick);
  addEventListener("popstate", onPopState);
  addEventListener("submit", refuseSubmit, true);
  // Only this document knows where its entries were scrolled to.
  addEventListener("pagehide", () => { history.scrollRestoration = "auto"; });
}

/** The link that an event is on, if the page follows it now, and not the browser. @param {Event} event */
function linkOf(event) {
  const link = event.target instanceof Element && /** @type {HTMLAnchorElement | null} */ (closest(event.target, "a"));
  const { live } = document.documentElement.dataset;
  if (!link || !link.closest("[live-nav]") || live === "closed" || isButtons(event)) return null;
  if ((link.target && link.target !== "_self") || link.hasAttribute("download") || link.origin !== location.origin) return null;
  return isElsewhere(link) && (live !== "open" || isBlocked()) ? null : link;
}

/** Whether a link leads to another page. @param {HTMLAnchorElement} link */
const isElsewhere = ({ pathname }) => pathname !== location.pathname;

/** @param {MouseEvent} event */
function onClick(event) {
  const link = linkOf(event);
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (isShown(link) && link.hash) return; // the browser does it
  event.preventDefault();
  if (isElsewhere(link) && !mayLeave()) return;
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
function setAddress(url, push) {
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
  if (isAnother && !mayLeave()) {
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

/** Asks the person where something isn't saved. */
const mayLeave = () => loaded.unsaved?.confirmLeaving() ?? true;

/** What a call ends with that was made in the meantime. */
const LEAVING = { error: "Not sent: another page is being loaded", status: 409 };

/**
 * Whether an op isn't made: a page that is being left calls nothing any more.
 * @param {import("../interface.js").Request} request
 */
function refuses(request) {
  if (!isLeaving() || request.build()?.[0] === NAVIGATE) return false;
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
  if (path !== location.pathname) load("pages"); // while the server is at work
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
function restoreScroll() {
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
function followRedirect(redirect, n) {
  if (!isCurrent(redirect, n)) return;
  const target = new URL(redirect.url, document.baseURI);
  const [here] = location.href.split("#");
  const reload = target.hash && target.href.split("#")[0] === here;
  loaded.unsaved?.allowLeaving();
  location[redirect.replace ? "replace" : "assign"](target);
  if (reload) location.reload(); // the browser has only scrolled
}
