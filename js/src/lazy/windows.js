// `live-window="{{ show }}"`: virtual scrolling. The page only has the rows of a long list that are in view, and a margin on both
// sides. When the list is scrolled, it calls `show` with the `first` row and the `count` of rows that it needs. The server
// renders these rows, and their position in `data-first` and `data-total`.
//
//     ::before   as high as the rows before the first one
//     row        data-first
//     row
//     ::after    as high as the rows after the last one
//
// So the list is as high as with all of its rows, which must have the same height, and the browser scrolls it natively. There is
// one call at a time. When it is answered, the next one asks for the rows in view at that moment, so rows that were only
// scrolled past are never loaded.

/** @import { Call, Features } from "../interface.js" */
import { callsOf } from "../core/calls.js";
import { CALL_REF, CALL_SLOT } from "../core/wire.js";
import { core } from "./bridge.js";
import { carryState, counterpart, dirtyIn } from "./carry.js";
import { forceFocus, transferFocus } from "./focus.js";
import { loaded } from "./loading.js";
import { closest, contains, getAttribute, getBoundingClientRect, hasAttribute, isConnected, localName, parentElement, setAttribute, style } from "./members.js";
import { scrollerOf } from "./scrolling.js";

/**
 * @typedef {object} State the state of a list
 * @property {number} pitch distance from the top of one row to the next, in pixels; 0 if there were no rows yet
 * @property {boolean} asking whether a call is pending
 * @property {string} failed the range of a call that hasn't changed the rows, which isn't repeated
 * @property {number} asked when the last call was made
 * @property {Element[]} rows the rows before the patch
 * @property {Map<string, Element>} kept removed rows with unsaved input or the focus, by their keys
 * @property {{ element: Element, at: number } | undefined} active the focused element before the patch, and the position of its row
 * @property {{ element: Element, box: Element } | undefined} lost the focused element of a removed row, and the element that has the focus instead
 */
/** @typedef {{ list: Element, row: Element, top: number }} Anchor a row in view, and its position before a patch */

const TYPE = "window";
const REST = 100; // ms: the shortest time between calls
const LEAST = 10; // rows: the smallest range that is loaded
const KEY = "live-window";
/** Default styles, in a layer that the page's own rules override. Lines are shown in place of rows that aren't loaded. */
const STYLE = `@layer live { [data-window]::before, [data-window]::after { content: ""; display: block; grid-column: 1 / -1; flex: none; height: var(--live-before, 0);
  width: var(--live-width, auto); margin-inline-end: calc(-1 * var(--live-width, 0px));
  background: linear-gradient(to top, color-mix(in srgb, currentColor 15%, transparent) 1px, transparent 1px) 0 0 / 100% var(--live-row) }
[data-window]::after { height: var(--live-after, 0) } }`;

/** @type {Map<Element, State>} */
const windows = new Map();
/** @type {Anchor[]} the first row in view of each list, before a patch */
let anchors = [];
/** @type {ResizeObserver} */
let resized;
let frame = 0;

/** @type {Features["windows"]} */
export const feature = { register };

/** Make a list a window. @param {Call} call */
function register({ element }) {
  if (windows.has(element)) return;
  if (["data-first", "data-total"].some((name) => !/^\d+$/.test(getAttribute(element, name) ?? ""))) {
    console.error('live-window does nothing: the list needs data-first="{{ … }}" and data-total="{{ … }}", two numbers', element);
    return;
  }
  if (!resized) begin();
  windows.set(element, { pitch: 0, asking: false, failed: "", asked: 0, rows: [], kept: new Map(), active: undefined, lost: undefined });
  resized.observe(element);
  layOut(element);
  scrollToOpened(element);
  fillSoon();
}

/** Add styles and listeners, for the first list. */
function begin() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  document.adoptedStyleSheets.push(sheet);
  resized = new ResizeObserver((entries) => {
    for (const { target } of entries) measure(target);
    fillSoon();
  });
  addEventListener("scroll", fillSoon, { capture: true, passive: true });
  addEventListener("resize", fillSoon);
  addEventListener("pagehide", storePositions);
  addEventListener("live:patch", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.phase === "before") {
      anchors = lists().flatMap(anchorIn);
      lists().forEach(remember);
    } else {
      lists().forEach(layOut);
      anchors.forEach(restore);
      lists().forEach(restoreInput);
      fillSoon();
    }
  });
}

/** The lists in the page; the others are dropped. */
function lists() {
  for (const list of windows.keys()) {
    if (isConnected(list) && callOf(list)) continue;
    windows.delete(list);
    resized.unobserve(list);
  }
  return [...windows.keys()];
}

/** @param {Element} list */
const stateOf = (list) => /** @type {State} */ (windows.get(list));
/** @param {Element} list */
const callOf = (list) => callsOf(list).find(({ type }) => type === TYPE);
/** @param {Element} list @returns {Element[]} */
const rowsOf = (list) => [...list.children].filter((row) => !hasAttribute(row, "data-leaving"));
/** @param {Element} list @param {string} name */
const numberIn = (list, name) => Number(getAttribute(list, name)) || 0;
/** @param {Element} list */
const firstOf = (list) => numberIn(list, "data-first");
/** @param {Element} list */
const totalOf = (list) => numberIn(list, "data-total");
/** @param {Element} row */
const topOf = (row) => getBoundingClientRect(row).top;

// Height.

/** Make a list as high as with all of its rows, and number the rows. @param {Element} list */
function layOut(list) {
  const state = stateOf(list), rows = rowsOf(list), first = firstOf(list), total = totalOf(list);
  state.pitch ||= pitchOf(rows);
  if (!hasAttribute(list, "data-window")) setAttribute(list, "data-window", "");
  // In a table, the pseudo-elements are laid out as cells of the first column, so they need the table's width.
  if (closest(list, "table")) setLength(list, "--live-width", getBoundingClientRect(list).width);
  setLength(list, "--live-row", state.pitch);
  setLength(list, "--live-before", first * state.pitch);
  setLength(list, "--live-after", Math.max(0, total - first - rows.length) * state.pitch);
  number(list, rows, first, total);
}

/** Set a custom property to a length. @param {Element} list @param {string} name @param {number} value pixels */
function setLength(list, name, value) {
  const declared = style(list), length = `${value}px`;
  if (declared.getPropertyValue(name) !== length) declared.setProperty(name, length);
}

/** The distance from one row to the next, in pixels. @param {Element[]} rows */
function pitchOf(rows) {
  const last = rows.at(-1);
  if (!last) return 0;
  return rows.length > 1 ? (topOf(last) - topOf(rows[0])) / (rows.length - 1) : getBoundingClientRect(last).height;
}

/** Measure the rows again, as their height may have changed, and keep those in view in place. @param {Element} list */
function measure(list) {
  const state = windows.get(list), pitch = pitchOf(rowsOf(list));
  if (!state || !pitch) return;
  const [start] = state.pitch ? rangeInView(list) : [0];
  if (Math.abs(pitch - state.pitch) * totalOf(list) >= 1) state.pitch = pitch;
  layOut(list);
  const box = boxOf(list);
  if (box.scrollTop) box.scrollTop += (start - rangeInView(list)[0]) * pitch;
}

/**
 * Number the rows for screen readers.
 * @param {Element} list
 * @param {Element[]} rows
 * @param {number} first
 * @param {number} total
 */
function number(list, rows, first, total) {
  const table = /** @type {HTMLTableElement | null} */ (closest(list, "table,[role=table],[role=grid],[role=treegrid]"));
  const heads = table?.tHead?.rows.length ?? 0;
  if (table) set(table, "aria-rowcount", heads + total);
  rows.forEach((row, i) => {
    if (table) set(row, "aria-rowindex", heads + first + i + 1);
    else if (localName(row) === "li" || hasAttribute(row, "role")) {
      set(row, "aria-posinset", first + i + 1);
      set(row, "aria-setsize", total);
    }
  });
}

/** Set an attribute if it differs. @param {Element} element @param {string} name @param {number} value */
function set(element, name, value) {
  if (getAttribute(element, name) !== `${value}`) setAttribute(element, name, `${value}`);
}

// The rows in view.

/** The list's scroll container: itself, an ancestor, or the page. @param {Element} list */
const boxOf = (list) => (/auto|scroll/.test(getComputedStyle(list).overflowY) ? list : scrollerOf(list));

/** The visible part of the scroll container, in pixels from the top of the window. @param {Element} list */
function viewOf(list) {
  const box = boxOf(list);
  if (box === document.scrollingElement) return { top: 0, bottom: innerHeight };
  const { top, bottom } = getBoundingClientRect(box);
  return { top: Math.max(0, top), bottom: Math.min(innerHeight, bottom) };
}

/**
 * The range of rows in view, with fractions, limited to the rows that exist.
 * @param {Element} list
 * @returns {[start: number, end: number]}
 */
function rangeInView(list) {
  const { pitch } = stateOf(list), { top, bottom } = viewOf(list), [row] = rowsOf(list), total = totalOf(list);
  const at = (/** @type {number} */ y) => Math.min(total, Math.max(0, firstOf(list) + (y - topOf(row)) / pitch));
  return [at(top), at(bottom)];
}

/**
 * Scroll to the rows that a page is opened with, if they aren't the first ones; after a reload, to the row that was in
 * view.
 * @param {Element} list
 */
function scrollToOpened(list) {
  const rows = rowsOf(list), { pitch } = stateOf(list), first = firstOf(list);
  if (!first || !rows.length || !pitch) return;
  const [start, end] = rangeInView(list), seen = Number(storedPositions()[place(list)]);
  const within = seen >= first && seen < first + rows.length ? seen - first : 0;
  if (end <= first || start >= first + rows.length) boxOf(list).scrollTop += topOf(rows[0]) + within * pitch - viewOf(list).top;
}

/** Store the first row in view of each list, for a reload. The address only has the first loaded row. */
function storePositions() {
  try {
    sessionStorage[KEY] = JSON.stringify(Object.fromEntries(lists().filter((list) => rowsOf(list).length).map((list) => [place(list), rangeInView(list)[0]])));
  } catch { /* storage is disabled */ }
}

/** The stored rows, by `place`. @returns {Record<string, number>} */
function storedPositions() {
  try {
    return JSON.parse(sessionStorage[KEY]);
  } catch {
    return {};
  }
}

/** Identifies a list across reloads. @param {Element} list */
const place = (list) => `${location.href} ${[...windows.keys()].indexOf(list)}`;

// Loading rows.

/** Check all lists for missing rows, once per frame. */
function fillSoon() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    lists().forEach(fill);
  });
}

/** Load the rows in view if they are missing, or if rows near them are. @param {Element} list */
function fill(list) {
  const state = stateOf(list), call = callOf(list), total = totalOf(list), rows = rowsOf(list).length, first = firstOf(list);
  if (!call || !total || state.asking || !list.checkVisibility()) return;
  const needed = rows && state.pitch ? rangeInView(list) : /** @type {[number, number]} */ ([first, first + LEAST]);
  const near = around(needed, 0.5, total), far = around(needed, 1, total);
  if (rows && near.first >= first && near.end <= first + rows) return;
  const range = `${far.first} ${far.end}`;
  if (range === state.failed) return;
  const pause = state.asked + REST - performance.now();
  if (pause > 0) return void setTimeout(fillSoon, pause);
  const { descriptor } = call;
  core.perform({
    build() {
      const called = core.calledBy(list, descriptor);
      if (called === null) return null;
      state.asking = true;
      state.asked = performance.now();
      return [typeof called == "string" ? CALL_REF : CALL_SLOT, called, ["first", `${far.first}`, "count", `${far.end - far.first}`]];
    },
    source: list,
    ended() {
      state.asking = false;
      state.failed = firstOf(list) === first && rowsOf(list).length === rows ? range : "";
      fillSoon();
    },
  });
}

/**
 * Extend a range by a number of screens on both sides.
 * @param {[number, number]} range
 * @param {number} screens
 * @param {number} total
 */
function around([start, end], screens, total) {
  const size = Math.max(LEAST, Math.ceil(end - start)), margin = Math.ceil(size * screens);
  const first = Math.max(0, Math.min(Math.floor(start) - margin, total - size));
  return { first, end: Math.min(total, Math.max(Math.ceil(end), first + size) + margin) };
}

// Rows in view stay in place when rows before them are added or removed.

/** Note the first row in view. @param {Element} list @returns {Anchor[]} */
function anchorIn(list) {
  if (!boxOf(list).scrollTop) return [];
  const { top } = viewOf(list);
  const row = rowsOf(list).find((row) => getBoundingClientRect(row).bottom > top);
  return row ? [{ list, row, top: topOf(row) }] : [];
}

/** Scroll so that a row is where it was. @param {Anchor} anchor */
function restore({ list, row, top }) {
  if (!isConnected(row) || parentElement(row) !== list) return;
  const moved = topOf(row) - top;
  if (Math.abs(moved) >= 1) boxOf(list).scrollTop += moved;
}

// Unsaved input and the focus in rows that are scrolled out of view are restored when the rows come back.

/** Note the rows and the focus before a patch. @param {Element} list */
function remember(list) {
  const state = stateOf(list), { activeElement } = document, rows = rowsOf(list);
  const at = rows.findIndex((row) => contains(row, activeElement));
  state.rows = rows;
  state.active = activeElement && at >= 0 ? { element: activeElement, at: firstOf(list) + at } : undefined;
  if (state.lost?.box !== activeElement) state.lost = undefined; // the user has focused something else
}

/**
 * After a patch, keep removed rows with unsaved input or the focus, and restore those that are back.
 * @param {Element} list
 */
function restoreInput(list) {
  const state = stateOf(list), { kept, active } = state, rows = rowsOf(list), first = firstOf(list);
  for (const row of state.rows) {
    if (keyOf(row) && !isConnected(row) && (dirtyIn(row).length || contains(row, active?.element ?? null))) kept.set(keyOf(row), row);
  }
  const isAway = active && !isConnected(active.element) && (active.at < first || active.at >= first + rows.length);
  if (isAway && document.activeElement === document.body) {
    const box = boxOf(list) === document.scrollingElement ? list : boxOf(list);
    forceFocus(box);
    state.lost = { element: active.element, box };
  }
  for (const row of rows) {
    const before = kept.get(keyOf(row));
    if (!before || state.rows.includes(row)) continue;
    kept.delete(keyOf(row));
    for (const control of dirtyIn(before)) carryState(control, counterpart(control, before, row));
    const { lost } = state;
    const heir = lost && contains(before, lost.element) && counterpart(lost.element, before, row);
    if (heir) transferFocus(heir, lost.element);
  }
  loaded.unsaved?.markUnsaved();
}

/** The key of a row; "" if it has none. @param {Element} row */
const keyOf = (row) => getAttribute(row, "data-key") ?? getAttribute(row, "id") ?? "";
