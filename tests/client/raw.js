// Plays changes of raw HTML, and says where the page isn't what it is when it is loaded anew.

import { rev, welcome } from "/src/core/connection.js";
import { adopt, patch, watchMarkup } from "/src/core/fragments.js";
import { loadLazy, provide } from "/src/core/lazy.js";
import { parts } from "/src/core/bridge.js";
import { load as loadFeature } from "/src/lazy/loading.js";

globalThis.LAZY = "/src/lazy/index.js";
watchMarkup(() => {});
provide(parts);
await loadLazy();
await loadFeature("raw");

const STATES = ["value", "checked", "selected", "open", "muted", "disabled", "type", "multiple"];

function load(html) {
  document.open();
  document.write(`<!doctype html><title>t</title><body>${html}`);
  document.close();
}

/** A node on a line of its own, those in it indented. Styles are spelled as the object model does, which writes them. */
function lines(node, indent = "") {
  if (!(node instanceof Element)) return [`${indent}${node.nodeName} ${JSON.stringify(node.data)}`];
  const attributes = [...node.attributes].map(({ name, value, namespaceURI }) =>
    `${namespaceURI ?? ""} ${name}=${JSON.stringify(name === "style" ? node.style.cssText : value)}`);
  const states = STATES.map((name) => (typeof node[name] === "object" || (name === "muted" && !(node instanceof HTMLMediaElement)) ? "" : node[name]));
  return [`${indent}<${node.namespaceURI.at(-1)} ${node.localName} ${attributes.sort()} ${states}`, ...childLines(node.content instanceof DocumentFragment ? node.content : node, indent)];
}

function childLines(node, indent) {
  const found = [];
  for (const child of node.childNodes) {
    // A text that came in pieces is one text.
    if (child instanceof Text && child.previousSibling instanceof Text) found[found.length - 1] += JSON.stringify(child.data);
    else found.push(...lines(child, `${indent} `));
  }
  return found;
}

const look = () => lines(document.body).join("\n").replaceAll('""', "");

/** What is around the raw HTML. Another place than its own means that the page's author made a mistake. */
function around() {
  const body = document.body.cloneNode(true);
  const element = body.querySelector("[data-l]");
  if (element) (element.content ?? element).replaceChildren();
  else {
    const { data, parentNode, nextSibling } = document.createTreeWalker(body, NodeFilter.SHOW_COMMENT).nextNode();
    const close = [...parentNode.childNodes].findLast((node) => node instanceof Comment && node.data === ")");
    const inside = document.createRange();
    if (data === "{") while (parentNode.lastChild.data !== "{") parentNode.lastChild.remove();
    else if (close) inside.setStartBefore(nextSibling), inside.setEndBefore(close), inside.deleteContents();
  }
  return lines(body).join("\n");
}

const MISPLACED = "misplaced";
/** What is around nothing, by the HTML before it. */
const empty = {};

/** @param {string[]} page the HTML around @param {string[]} moments @param {any[]} changes */
function playOne([before, after], moments, changes) {
  empty[before] ??= (load(before + after), around());
  load(before + moments.at(-1) + after);
  if (around() !== empty[before]) return MISPLACED;
  const expected = look();
  load(before + moments[0] + after);
  if (around() !== empty[before]) return MISPLACED;
  const slots = adopt(document.firstChild, null);
  for (const change of changes) {
    patch(slots, [0, change]);
    if (rev < 0) return welcome({ rev: 0 }), "the string didn't fit";
  }
  const found = look();
  return found === expected ? "" : `found:\n${found}\n\nexpected:\n${expected}`;
}

window.play = (cases) => cases.map(({ page, moments, changes }) => {
  try {
    return playOne(page, moments, changes);
  } catch (error) {
    return `${error.stack}`;
  }
});
