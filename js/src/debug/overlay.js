// Shows exceptions of the server over the page, and highlights what patches change.

import { element, shadow } from "./elements.js";

const STYLE = `
dialog { color-scheme: light dark; width: min(60rem, 90vw); max-height: 85vh; padding: 1.5rem; border: 0; border-top: .4rem solid #c00; font: 1rem/1.4 system-ui; color: #222; background: #fff }
dialog::backdrop { background: #0008 }
h1 { margin: 0 2rem 1rem 0; font-size: 1.1rem; overflow-wrap: anywhere }
h2 { margin: 0 0 .5rem; font-size: 1rem }
pre { margin: 0 0 1rem; overflow: auto; font: .85rem/1.5 ui-monospace, monospace }
mark { color: inherit; background: #fdd }
button { position: absolute; inset: 1rem 1rem auto auto }
@media (prefers-color-scheme: dark) {
  dialog { border-color: #e55; color: #ddd; background: #1d1f23 }
  mark { background: #5c2027 }
}`;

/** @typedef {{ name: string, line: number, column?: number, excerpt: [number, string][] }} Place a place in a template, with the lines around it */

/** The details of the error that was shown last. */
let last = "";

/** Show errors until the template is changed. */
export function watchErrors() {
  addEventListener("live:error", (event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    // An error without an op, such as one in a timer, may recur all the time: show it only once.
    if (detail.details && (detail.n || detail.details !== last)) showError(detail);
  }, true);
  addEventListener("live:template", () => {
    last = "";
    close();
  }, true);
}

/** Show an error in a dialog. @param {{ error: string, details: string, id?: string, template?: Place }} failure */
function showError({ error, details, id, template }) {
  close();
  last = details;
  const host = document.createElement("div");
  host.dataset.liveError = id ?? "";
  const root = shadow(host, STYLE);
  const dialog = element("dialog", element("h1", error));
  const button = element("button", "Close");
  if (template) dialog.append(element("h2", `${template.name}, line ${template.line}${template.column ? `, column ${template.column}` : ""}`), excerptOf(template));
  dialog.append(element("pre", details), button);
  button.onclick = /** @type {HTMLDialogElement} */ (dialog).onclose = close;
  root.append(dialog);
  document.documentElement.append(host);
  /** @type {HTMLDialogElement} */ (dialog).showModal();
}

/** Close the dialog. */
function close() {
  document.querySelector("[data-live-error]")?.remove();
}

/** The lines around a place, with its line highlighted, and a caret below its column. @param {Place} place */
function excerptOf({ line, column, excerpt }) {
  return element("pre", ...excerpt.flatMap(([number, text]) => {
    const row = `${number}`.padStart(5) + `  ${text}`;
    const caret = column ? `\n${" ".repeat(7)}${[...text].slice(0, column - 1).join("").replace(/[^\t]/gu, " ")}^` : "";
    return [number === line ? element("mark", row + caret) : row, "\n"];
  }));
}

// Highlights what patches change. Alt+Shift+F turns this on and off, for this tab.

const KEY = "live-flash";
const COLOUR = "#f0a";
const SHOWN = 700; // ms
const EVERYTHING = { attributes: true, characterData: true, childList: true, subtree: true };

const observer = new MutationObserver(() => {});

/** Highlight changes while this is turned on. */
export function watchChanges() {
  addEventListener("live:patch", (event) => {
    if (!sessionStorage.getItem(KEY)) return;
    if (/** @type {CustomEvent} */ (event).detail.phase === "before") observer.observe(document, EVERYTHING);
    else {
      for (const element of changedIn(observer.takeRecords())) if (element) flash(element);
      observer.disconnect();
    }
  });
  addEventListener("keydown", ({ altKey, code, shiftKey }) => {
    if (altKey && shiftKey && code === "KeyF") toggle();
  });
}

/** Turn highlighting on or off. */
function toggle() {
  if (sessionStorage.getItem(KEY)) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, "1");
  flash(document.body);
}

/** The elements that were added, or have changed. @param {MutationRecord[]} records */
function changedIn(records) {
  const nodes = records.flatMap(({ addedNodes, target }) => {
    const elements = [...addedNodes].filter((node) => node instanceof Element);
    return elements.length ? elements : [target];
  });
  const elements = nodes.map((node) => (node instanceof Element ? node : node.parentElement));
  return new Set(elements.filter((element) => element?.isConnected));
}

/**
 * Highlight an element for a moment, by an animation: it needs no attribute, so patches and security policies don't
 * interfere.
 * @param {Element} element
 */
function flash(element) {
  const frames = [{ outline: `2px solid ${COLOUR}`, outlineOffset: "-2px" }, { outline: "2px solid transparent", outlineOffset: "-2px" }];
  element.animate(frames, { duration: SHOWN, id: KEY });
}
