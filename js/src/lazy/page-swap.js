// Replaces the whole page: by a new version of itself, if that can't be patched in, or by another page. Equal nodes are kept. If
// it is the same page, restoring.js restores what users have in it.

/** @import { Features, Settled } from "../interface.js" */
import { core } from "./bridge.js";
import { controlsIn } from "./carry.js";
import { isEqual } from "./equality.js";
import { forgetAutofocus } from "./focus.js";
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
 * Replace the page.
 * @param {string} html the new page
 * @param {Settled[]} settled the ops that the same message finishes
 * @returns {undefined}
 */
function replacePage(html, settled) {
  const next = parseDocument(html);
  const isAnother = isSwap(settled, next);
  const scripts = new Set(document.scripts);
  const named = hasName();
  unmarkCurrent();
  loaded.unsaved?.unmarkUnsaved();
  const place = isAnother ? keepElements(next) : () => {};
  if (isAnother) {
    for (const control of controlsIn(document.body).filter(core.editCount)) control.remove(); // or an equal control of the other page would keep the input
    loaded.commands?.forgetOverrides();
    loaded.restoring?.forget();
  }
  const { live } = document.documentElement.dataset;
  for (const name of ["documentElement", "head", "body"]) copyAttributes(/** @type {any} */ (document)[name], /** @type {any} */ (next)[name]);
  if (live) document.documentElement.dataset.live = live;
  for (const name of ["head", "body"]) copyChildren(/** @type {any} */ (document)[name], /** @type {any} */ (next)[name]);
  loaded.raw?.start();
  if (named) nameTab();
  place();
  core.scanMarkup(document);
  loaded.changes?.forgetChanges();
  forgetAutofocus();
  if (isAnother) completeSwap(scripts);
}

/** Give an element the attributes of another. @param {Element} old @param {Element} next */
function copyAttributes(old, next) {
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name)) core.updateAttribute(old, name, null);
  for (const { name, value } of next.attributes) core.updateAttribute(old, name, value);
}

/**
 * Give an element the children of another. Equal nodes are kept, with the state that users gave them.
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

/** Remove siblings. @param {ChildNode | null} node the first @param {ChildNode | null} stop the one after the last */
function removeUpTo(node, stop) {
  while (node && node !== stop) {
    const next = nextSibling(node);
    remove(node);
    node = next;
  }
}

// When another page is shown over the same connection: scroll position, focus, title and scripts, as after a page load.

/** @type {HTMLElement | undefined} a live region that announces the title to screen readers */
let announcer;

/** Do what browsers do after loading a page. @param {Set<Element>} kept scripts that have run already */
function completeSwap(kept) {
  scrollTo(0, 0);
  const target = scrollToHash() ?? document.querySelector("[autofocus]") ?? document.querySelector("h1") ?? document.body;
  queueMicrotask(() => focusOn(target)); // after the patch has handled the focus
  announce(document.title);
  for (const script of document.scripts) if (!kept.has(script) && !script.dataset.live) execute(script);
}

/**
 * Focus an element, also one that isn't focusable, such as a heading. That shows no focus ring, since the keyboard can do
 * nothing with it.
 * @param {Element} element
 */
function focusOn(element) {
  if (!(element instanceof HTMLElement)) return;
  const isPassive = tabIndex(element) < 0;
  if (isPassive) setAttribute(element, "tabindex", "-1");
  focus(element, { preventScroll: true, ...(isPassive && { focusVisible: false }) });
}

/** Announce a text to screen readers. @param {string} text */
function announce(text) {
  if (!announcer) {
    announcer = document.createElement("div");
    announcer.setAttribute("role", "status");
    Object.assign(announcer.style, { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" });
    document.documentElement.append(announcer); // outside of the body, which may be replaced
  }
  announcer.textContent = text;
}

// `live-keep`: an element is kept as it is if the next page has an element of the same id with `live-keep`, too.

const KEEP = "live-keep";

/**
 * Move the elements to be kept aside. They stay in the document, so that media go on playing.
 * @param {Document} next
 * @returns {() => void} replaces the next page's elements by them
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
