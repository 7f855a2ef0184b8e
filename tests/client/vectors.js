// Plays vectors: HTML and frames in, the resulting page out. It uses the client's source modules, which pages can't reach.
// `document.write` parses as a page's own HTML is parsed; the modules stay, and so does the window.

import { addressOf, adopt, define, patch, watchMarkup } from "/src/core/fragments.js";
import { loadLazy, provide } from "/src/core/lazy.js";
import { parts } from "/src/core/bridge.js";
import { load as loadFeature } from "/src/lazy/loading.js";

const BOOLEAN = new Set((
  "allowfullscreen async autofocus autoplay checked controls default defer disabled formnovalidate hidden inert ismap itemscope loop "
  + "multiple muted nomodule novalidate open playsinline readonly required reversed selected").split(" "));
const RAW_TEXT = /^(script|style|xmp|iframe|noembed|noframes|noscript|plaintext)$/;
const VOID = /^(area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)$/;
const MARKER = /^([(){,\]]|\[(\d+,\d+)?)$/;

globalThis.LAZY = "/src/lazy/index.js";
watchMarkup(() => {});
provide(parts);
await loadLazy();
await loadFeature("raw");
const { replacePage } = await loadFeature("pages");

/** HTML with sorted attributes and adjacent text merged, without the library's own: as liveactions.testing.canonical. */
function canonical(node) {
  if (node instanceof Text) return RAW_TEXT.test(node.parentNode?.localName) ? node.data : escape(node.data);
  if (node instanceof Comment) return MARKER.test(node.data) ? "" : `<!--${node.data}-->`;
  if (!(node instanceof Element)) return content(node);
  const name = node.localName.toLowerCase();
  if (name === "input" && node.getAttribute("name") === "_s") return "";
  const attributes = [...node.attributes].map((attribute) => [attribute.name.toLowerCase(), attribute.value])
    .filter(([name]) => name !== "data-l" && name !== "data-snapshot")
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ` ${name}="${BOOLEAN.has(name) && value === name ? "" : escape(value)}"`);
  const end = VOID.test(name) ? "" : `</${name}>`;
  return `<${name}${attributes.join("")}>${content(node)}${end}`;
}

const content = (node) => [...(node.content instanceof DocumentFragment ? node.content : node).childNodes].map(canonical).join("");

const escape = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&#34;").replaceAll("'", "&#39;");

function load(html) {
  document.open();
  document.write(html);
  document.close();
}

/** Styles are written through the object model, which spells them its own way. */
function normalise() {
  for (const element of document.querySelectorAll("[style]")) element.style.cssText = element.getAttribute("style");
}

/** What the page is after the frames; an error's text when one can't be applied. */
function play({ html, frames }) {
  try {
    load(html);
    let slots = adopt(document.firstChild, null);
    for (const frame of frames) {
      const [changes, shapes] = Array.isArray(frame) ? [frame[2], frame[4]] : [frame.patch, frame.shapes];
      define(shapes ?? []);
      if (frame.fresh) slots = adopt(document.firstChild, null);
      if (Array.isArray(changes)) patch(slots, changes);
      else if (changes) {
        load(changes.page);
        slots = adopt(document.firstChild, null);
      }
    }
    return canonical(document);
  } catch (error) {
    return `${error}`;
  }
}

/** As `play`, with pages that come whole in place of the one that is there; and what buttons call in the end. */
function playLive({ html, frames, fresh }) {
  try {
    load(fresh);
    const expected = canonical(document.documentElement);
    const buttons = [...document.querySelectorAll("[id^=outside]")].map(({ id }) => id);
    load(html);
    let slots = adopt(document.firstChild, null);
    for (const [, , changes, , shapes] of frames) {
      define(shapes ?? []);
      if (Array.isArray(changes)) patch(slots, changes);
      else {
        replacePage(changes.page, []);
        slots = adopt(document.firstChild, null);
      }
    }
    const calls = buttons.map((id) => {
      const button = document.getElementById(id);
      return button && (button.getAttribute("live-click") ?? addressOf(slots, button, "@click"));
    });
    return { found: canonical(document.documentElement), expected, calls };
  } catch (error) {
    return { found: `${error.stack}`, expected: "", calls: [] };
  }
}

window.playLive = (cases) => cases.map(playLive);
window.play = (vectors) => vectors.map(play);
/** The same spelling for what is expected. */
window.spell = (pages) => pages.map((html) => {
  load(html);
  normalise();
  return canonical(document);
});
