// Navigates over the same connection to other pages, and to other queries of the same page: by links with `live-nav`, the
// history and redirects. The browser itself loads addresses that aren't live pages, and any page while an action is running.

/** @import { Features, Settled } from "../interface.js" */
import { callsOf } from "../core/calls.js";
import { REDIRECT, ERROR, FIELD_ACTION, OK_KEEP_FORM, NAVIGATE, OK } from "../core/wire.js";
import { core } from "./bridge.js";
import { load, loaded } from "./loading.js";
import { closest, getAttribute, scrollIntoView } from "./members.js";
import { watchIntents } from "./prefetch.js";
import { beginNavigating, endNavigating, markCurrent, restoreBoxes, scrolledBoxes, unmarkCurrent, watchCurrent } from "./navigation-state.js";

export { unmarkCurrent };

/** @type {Features["navigation"]} */
export const feature = { followRedirect, refuses, setAddress, shownPath: () => path, start };

/** The path of the page that is shown. It differs from the address while another page is being loaded. */
let path = location.pathname;
/** @type {WeakSet<object>} redirects whose page came in the same frame, so there is nothing left to do */
const completed = new WeakSet();
/** The number of the last op that led to another page. Redirects of earlier ops are ignored. */
let departure = 0;

/**
 * Whether a whole page from the server is another page than the one that is shown. If a redirect led to it, set its address.
 * @param {Settled[]} settled the ops that the same message finishes
 * @param {Document} next the page from the server
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

/** Whether a page belongs to an address, by the action of its own form. @param {Document} page @param {string} url */
function isAt(page, url) {
  const form = page.getElementById("live");
  const own = (form && getAttribute(form, "action")) ?? url;
  return new URL(own, location.href).pathname === new URL(url, location.href).pathname;
}

/** Whether to follow a redirect. @param {object} redirect @param {number} [n] the op's number */
const isCurrent = (redirect, n = Infinity) => !completed.has(redirect) && n > departure;

/** The address of the page that is shown or being loaded. */
let currentUrl = location.href;
/** The number of the current history entry. */
let entry = history.state?.live ?? 0;
/** @type {Map<number, { x: number, y: number, boxes: import("./navigation-state.js").Scrolled[] }>} scroll positions of this document's history entries */
const scrolls = new Map();

/** Listen to clicks on links, and to the history. */
function start() {
  watchCurrent();
  watchIntents((event) => {
    const link = linkOf(event);
    return link && isElsewhere(link) ? link : null;
  });
  addEventListener("click", onClick);
  addEventListener("popstate", onPopState);
  addEventListener("submit", refuseSubmit, true);
  // Another document doesn't have this one's scroll positions, so let the browser restore them there.
  addEventListener("pagehide", () => { history.scrollRestoration = "auto"; });
}

/** The link that an event is on, if the client rather than the browser should follow it. @param {Event} event */
function linkOf(event) {
  const link = event.target instanceof Element && /** @type {HTMLAnchorElement | null} */ (closest(event.target, "a"));
  const { live } = document.documentElement.dataset;
  if (!link || !link.closest("[live-nav]") || live === "closed" || isButtons(event)) return null;
  if ((link.target && link.target !== "_self") || link.hasAttribute("download") || link.origin !== location.origin) return null;
  return isElsewhere(link) && (live !== "open" || isBlocked()) ? null : link;
}

/** Whether a link leads to another page. @param {HTMLAnchorElement} link */
const isElsewhere = ({ pathname }) => pathname !== location.pathname;

/** Follow a link. @param {MouseEvent} event */
function onClick(event) {
  const link = linkOf(event);
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (isShown(link) && link.hash) return; // the browser scrolls to the hash
  event.preventDefault();
  if (isElsewhere(link) && !mayLeave()) return;
  setAddress(link.href, link.href !== location.href);
  navigate(1, link);
}

/** Whether a click is on a button in the link that submits a form or calls an action. @param {Event} event */
function isButtons({ target }) {
  const button = /** @type {HTMLButtonElement | null} */ (closest(/** @type {Element} */ (target), "a button"));
  return button && ((button.form && button.type !== "button") || callsOf(button).some(({ type }) => type === "click"));
}

/**
 * Set the page's address.
 * @param {string} url
 * @param {unknown} push whether to add an entry to the history
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

/** Whether an address differs from the current one at most by its hash. @param {{ href: string }} redirect */
const isShown = ({ href }) => href.split("#")[0] === currentUrl.split("#")[0];

/** Show the page of a history entry. */
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

/** Whether another page is being loaded over the connection. */
const isLeaving = () => path !== location.pathname && core.pending().some(({ parts }) => parts?.[0] === NAVIGATE);

/** Ask whether to leave unsaved changes. */
const mayLeave = () => loaded.unsaved?.confirmLeaving() ?? true;

/** The error of calls that are made while another page is being loaded. */
const LEAVING = { error: "Not sent: another page is being loaded", status: 409 };

/**
 * Reject a request with an error if the page is being left. Return whether it was rejected.
 * @param {import("../interface.js").Request} request
 */
function refuses(request) {
  if (!isLeaving() || request.build()?.[0] === NAVIGATE) return false;
  request.ended?.(ERROR, LEAVING);
  core.report(request.source, ERROR, LEAVING);
  return true;
}

/**
 * Prevent a form from posting an action while the page is being left, as the post would cancel the navigation.
 * @param {Event} event
 */
function refuseSubmit(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const submitter = /** @type {SubmitEvent} */ (event).submitter;
  const action = submitter?.getAttribute("formaction") ?? getAttribute(form, "action") ?? "";
  if (!isLeaving() || !new URL(action, document.baseURI).searchParams.has(FIELD_ACTION)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  core.report(form, ERROR, LEAVING);
}

/** Whether an op is pending that later ones have to wait for. */
const isBlocked = () => core.pending().some(({ running }) => !running);

/**
 * Ask the server for the page at the current address.
 * @param {1} [push] absent when the address comes from the history
 * @param {Element} [cause] the link
 */
function navigate(push, cause) {
  const url = location.pathname + location.search + location.hash;
  beginNavigating();
  if (path !== location.pathname) load("pages"); // in parallel with the request
  core.perform({
    build: () => (push ? [NAVIGATE, url, push] : [NAVIGATE, url]),
    cause,
    ended(status) {
      endNavigating();
      if (status === OK || status === OK_KEEP_FORM) push ? scrollToHash() : restoreScroll();
      else if (status !== REDIRECT) location.reload(); // the browser shows the page or the error
    },
  });
}

/** Store the scroll position of the current history entry. */
const noteScroll = () => void scrolls.set(entry, { x: scrollX, y: scrollY, boxes: scrolledBoxes() });

/** Restore the scroll position of the current history entry. */
function restoreScroll() {
  const left = scrolls.get(entry);
  if (!left) return void scrollToHash();
  scrollTo(left.x, left.y);
  restoreBoxes(left.boxes);
}

/** Scroll to the element that the address's hash names. @returns {Element | null} the element */
export function scrollToHash() {
  const element = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (element) scrollIntoView(element);
  return element;
}

// Redirects.

/**
 * Follow a redirect, by a page load.
 * @param {{ url: string, replace?: boolean }} redirect
 * @param {number} [n] the op's number
 */
function followRedirect(redirect, n) {
  if (!isCurrent(redirect, n)) return;
  const target = new URL(redirect.url, document.baseURI);
  const [here] = location.href.split("#");
  const reload = target.hash && target.href.split("#")[0] === here;
  loaded.unsaved?.allowLeaving();
  location[redirect.replace ? "replace" : "assign"](target);
  if (reload) location.reload(); // with the same address and a hash, the browser would only scroll
}
