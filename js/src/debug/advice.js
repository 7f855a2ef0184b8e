// Warns in the console about mistakes in the page, each once, with a code that the documentation explains. The server reports
// those that only it can find, such as lists without keys, in `live:advice` events.

import { closest, getAttribute, getAttributeNames, members } from "../core/members.js";

const [querySelector] = members("querySelector");

/** @type {Set<string>} the warnings so far */
const said = new Set();

/**
 * Warn, unless the same warning was shown before.
 * @param {string} code
 * @param {string} text
 * @param {Element[]} [elements] the elements that it is about
 */
function say(code, text, elements = []) {
  const line = `${code} ${text}`;
  if (said.has(line)) return;
  said.add(line);
  console.warn(line, ...elements);
}

/** Check the page now, and after each patch. */
export function watchPage() {
  addEventListener("live:advice", (event) => {
    for (const [code, text] of /** @type {CustomEvent} */ (event).detail) say(code, text);
  }, true);
  addEventListener("live:patch", (event) => { if (/** @type {CustomEvent} */ (event).detail.phase === "after") look(); });
  new MutationObserver(watchConnection).observe(document.documentElement, { attributeFilter: ["data-live"] });
  watchConnection();
  look();
}

const PATIENCE = 10_000; // ms without a socket before the warning

let trouble = 0;

/** Warn if the socket doesn't open. */
function watchConnection() {
  clearTimeout(trouble);
  if (document.documentElement.dataset.live !== "connecting") return;
  trouble = setTimeout(() => say("LA009", "the socket doesn't open: operations go by fetch. Perhaps a proxy doesn't pass WebSockets on, or the request is too large for the server: all cookies together should have less than 8 kB"), PATIENCE);
}

/** Check the page. */
function look() {
  findDuplicates();
  for (const form of document.forms) if (!closest(form, "[inert]")) findTrouble(form);
  for (const dialog of document.querySelectorAll("dialog[live-modal]")) findUnhandledClose(dialog);
}

/** Find ids that several elements have. */
function findDuplicates() {
  /** @type {Map<string, Element[]>} */
  const byId = new Map();
  for (const element of document.querySelectorAll("[id]:not([data-leaving])")) {
    const id = getAttribute(element, "id") ?? "";
    byId.set(id, [...byId.get(id) ?? [], element]);
  }
  for (const [id, elements] of byId) {
    if (elements.length > 1) say("LA001", `${elements.length} elements have the id "${id}": labels, links and scripts only find the first one`, elements);
  }
}

/** Check that the server is informed when the user closes a dialog with Escape. @param {Element} dialog */
function findUnhandledClose(dialog) {
  const marks = `${dialog.getAttribute("data-l")} ${dialog.getAttributeNames().join(" ")}`;
  if (/(@|live-)close\b/.test(marks)) return;
  const name = dialog.id ? ` (#${dialog.id})` : "";
  say("LA008", `a dialog${name} can be closed with Escape, and comes back with the next answer, as the server doesn't learn of it; add live-close="{{ … }}"`, [dialog]);
}

/** Check that a form works without JavaScript. @param {HTMLFormElement} form */
function findTrouble(form) {
  const marks = `${getAttribute(form, "data-l")} ${getAttributeNames(form).join(" ")}`;
  const isPost = /^post$/i.test(getAttribute(form, "method") ?? "");
  const calls = isReference(getAttribute(form, "action")) || !!querySelector(form, "[name=_a]");
  if (/(@|live-)submit/.test(marks) && !(isPost && calls)) return complain(form, 'only live-submit submits it; add method="post" and action="{{ … }}"');
  if (!calls) return;
  if (!isPost) complain(form, 'its method is GET; an action needs method="post"');
  const controls = [.../** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("button,input,select,textarea"))].filter((control) => control.form === form);
  const files = controls.some((control) => control.matches("input[type=file]"));
  if (files && !/^multipart\/form-data$/i.test(getAttribute(form, "enctype") ?? "")) complain(form, 'it would submit file names instead of files; add enctype="multipart/form-data"');
  const texts = controls.filter((control) => control.matches(TEXTS));
  if (texts.length !== 1 && !controls.some((control) => control.matches(SUBMITTERS)) && !hasSpare(form)) complain(form, "nothing in it submits it; add a button");
}

const SUBMITTERS = "button:not([type=button],[type=reset]),input[type=submit],input[type=image]";
/** Matches text fields: a form with only one of them is submitted by Enter, even without a button. */
const TEXTS = "input:not([type=checkbox],[type=radio],[type=hidden],[type=range],[type=color],[type=file],[type=button],[type=reset])";

/** Whether an address contains a reference to an action. @param {string | null} address */
const isReference = (address) => /[?&]_a=/.test(address ?? "");

/**
 * Whether a form has a button in a `noscript` element, whose content is text if scripts run.
 * @param {HTMLFormElement} form
 */
function hasSpare(form) {
  const spares = [...document.querySelectorAll("noscript")].filter(({ textContent }) => /<button|type="?submit/.test(textContent ?? ""));
  const id = getAttribute(form, "id");
  return spares.some((spare) => spare.closest("form") === form || (id && spare.textContent?.includes(`form="${id}"`)));
}

/** Warn that a form doesn't work without JavaScript. @param {HTMLFormElement} form @param {string} why */
function complain(form, why) {
  const id = getAttribute(form, "id");
  const name = id ? `#${id}` : decodeURIComponent(getAttribute(form, "action") ?? "");
  say("LA004", `a form (${name}) doesn't work without JavaScript: ${why}`, [form]);
}
