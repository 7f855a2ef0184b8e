// `live-window="{{ show }}"`: of a long list, the page has the rows in view and a margin on both sides. When it is scrolled, the
// list calls `show` with the `first` row and the `count` of rows that it needs. The server says which rows it has given, and of how
// many: `data-first` and `data-total`.
//
//     ::before   as high as the rows before the first one
//     row        data-first
//     row
//     ::after    as high as the rows behind the last one
//
// So the list is as high as it would be with all of its rows, which are of one height, and what scrolls it is the browser's own
// business: its bar, the wheel, keys. One call is under way at a time. When it is answered, the next one asks for what is in view
// by then, so nothing is asked for that was only scrolled past.

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
 * @typedef {object} State of a list
 * @property {number} pitch from the top of one row to that of the next one, in pixels; 0: no rows were seen yet
 * @property {boolean} asking a call isn't answered yet
 * @property {string} failed the range of a call that has brought nothing: it isn't made again at once
 * @property {number} asked when the latest call was made
 * @property {Element[]} rows before a patch
 * @property {Map<string, Element>} kept rows that were scrolled away with something that isn't saved, by their keys
 * @property {{ element: Element, at: number } | undefined} active what has the focus before a patch, and the position of its row
 * @property {{ element: Element, box: Element } | undefined} lost what had the focus when it was scrolled away, and what has it since
 */
/** @typedef {{ list: Element, row: Element, top: number }} Anchor a row that is in view, and where */

const TYPE = "window";
const REST = 100; // ms from one call to the next
const LEAST = 10; // rows in view
const KEY = "live-window";
/** Defaults, below all rules of the page's own. Where rows aren't loaded yet, there are lines. */
const STYLE = `@layer live { [data-window]::before, [data-window]::after { content: ""; display: block; grid-column: 1 / -1; flex: none; height: var(--live-before, 0);
  width: var(--live-width, auto); margin-inline-end: calc(-1 * var(--live-width, 0px));
  background: linear-gradient(to top, color-mix(in srgb, currentColor 15%, transparent) 1px, transparent 1px) 0 0 / 100% var(--live-row) }
[data-window]::after { height: var(--live-after, 0) } }`;

/** @type {Map<Element, State>} */
const windows = new Map();
/** @type {Anchor[]} where what is in view was before a patch */
let anchors = [];
/** @type {ResizeObserver} */
let resized;
let frame = 0;

/** @type {Features["windows"]} */
export const feature = { register };

/** There is such an attribute in the page. @param {Call} call */
function register({ element }) {
  if (windows.has(element)) return;
  if (["data-first", "data-total"].some((name) => !/^\d+$/.test(getAttribute(element, name) ?? ""))) {
    console.error('live-window does nothing: the list needs data-first="{{ … }}" and data-total="{{ … }}", two numbers', element);
    return;
  }
  if (!resized) begin();
  windows.set(element, { pitch: 0, asking: false, failed: "", asked: 0, rows: [], kept: new Map(), active: undefined, lost: undefined });
  resized.observe(element);
  lay(element);
  open(element);
  look();
}

function begin() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  document.adoptedStyleSheets.push(sheet);
  resized = new ResizeObserver((entries) => {
    for (const { target } of entries) measure(target);
    look();
  });
  addEventListener("scroll", look, { capture: true, passive: true });
  addEventListener("resize", look);
  addEventListener("pagehide", leave);
  addEventListener("live:patch", (event) => {
    if (/** @type {CustomEvent} */ (event).detail.phase === "before") {
      anchors = lists().flatMap(anchorIn);
      lists().forEach(remember);
    } else {
      lists().forEach(lay);
      anchors.forEach(restore);
      lists().forEach(giveBack);
      look();
    }
  });
}

/** Those that are in the page. */
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

// How high the list is.

/** Makes the list as high as it would be with all of its rows, and says which ones these are. @param {Element} list */
function lay(list) {
  const state = stateOf(list), rows = rowsOf(list), first = firstOf(list), total = totalOf(list);
  state.pitch ||= pitchOf(rows);
  if (!hasAttribute(list, "data-window")) setAttribute(list, "data-window", "");
  // In a table, what isn't a row is a cell of the first column.
  if (closest(list, "table")) setLength(list, "--live-width", getBoundingClientRect(list).width);
  setLength(list, "--live-row", state.pitch);
  setLength(list, "--live-before", first * state.pitch);
  setLength(list, "--live-after", Math.max(0, total - first - rows.length) * state.pitch);
  number(list, rows, first, total);
}

/** @param {Element} list @param {string} name @param {number} value */
function setLength(list, name, value) {
  const declared = style(list), length = `${value}px`;
  if (declared.getPropertyValue(name) !== length) declared.setProperty(name, length);
}

/** From one row to the next, in pixels. @param {Element[]} rows */
function pitchOf(rows) {
  const last = rows.at(-1);
  if (!last) return 0;
  return rows.length > 1 ? (topOf(last) - topOf(rows[0])) / (rows.length - 1) : getBoundingClientRect(last).height;
}

/** The rows may have another height by now: another font, a narrower window. What is in view stays there. @param {Element} list */
function measure(list) {
  const state = windows.get(list), pitch = pitchOf(rowsOf(list));
  if (!state || !pitch) return;
  const [start] = state.pitch ? rangeInView(list) : [0];
  if (Math.abs(pitch - state.pitch) * totalOf(list) >= 1) state.pitch = pitch;
  lay(list);
  const box = boxOf(list);
  if (box.scrollTop) box.scrollTop += (start - rangeInView(list)[0]) * pitch;
}

/** Says to screen readers which of all rows these are. @param {Element} list @param {Element[]} rows @param {number} first @param {number} total */
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

/** @param {Element} element @param {string} name @param {number} value */
function set(element, name, value) {
  if (getAttribute(element, name) !== `${value}`) setAttribute(element, name, `${value}`);
}

// What is in view.

/** What scrolls the list: itself, something around it, or the window. @param {Element} list */
const boxOf = (list) => (/auto|scroll/.test(getComputedStyle(list).overflowY) ? list : scrollerOf(list));

/** From where to where the rows of the list are seen, in pixels. @param {Element} list */
function viewOf(list) {
  const box = boxOf(list);
  if (box === document.scrollingElement) return { top: 0, bottom: innerHeight };
  const { top, bottom } = getBoundingClientRect(box);
  return { top: Math.max(0, top), bottom: Math.min(innerHeight, bottom) };
}

/** The rows in view, with fractions; up to 0 and down to the total, wherever the list is. @param {Element} list @returns {[start: number, end: number]} */
function rangeInView(list) {
  const { pitch } = stateOf(list), { top, bottom } = viewOf(list), [row] = rowsOf(list), total = totalOf(list);
  const at = (/** @type {number} */ y) => Math.min(total, Math.max(0, firstOf(list) + (y - topOf(row)) / pitch));
  return [at(top), at(bottom)];
}

/** A page that opens with other rows than the first ones shows them: those that were in view when it was left, if it is loaded again. @param {Element} list */
function open(list) {
  const rows = rowsOf(list), { pitch } = stateOf(list), first = firstOf(list);
  if (!first || !rows.length || !pitch) return;
  const [start, end] = rangeInView(list), seen = Number(left()[place(list)]);
  const within = seen >= first && seen < first + rows.length ? seen - first : 0;
  if (end <= first || start >= first + rows.length) boxOf(list).scrollTop += topOf(rows[0]) + within * pitch - viewOf(list).top;
}

/** What the address says is the first row of the page, not the first one in view. */
function leave() {
  try {
    sessionStorage[KEY] = JSON.stringify(Object.fromEntries(lists().filter((list) => rowsOf(list).length).map((list) => [place(list), rangeInView(list)[0]])));
  } catch { /* no storage here */ }
}

/** @returns {Record<string, number>} */
function left() {
  try {
    return JSON.parse(sessionStorage[KEY]);
  } catch {
    return {};
  }
}

/** @param {Element} list */
const place = (list) => `${location.href} ${[...windows.keys()].indexOf(list)}`;

// What is asked for.

/** Looks for rows that are missing, once in a frame. */
function look() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    lists().forEach(fill);
  });
}

/** Asks for the rows that are in view, if they aren't there, or will soon be missing. @param {Element} list */
function fill(list) {
  const state = stateOf(list), call = callOf(list), total = totalOf(list), rows = rowsOf(list).length, first = firstOf(list);
  if (!call || !total || state.asking || !list.checkVisibility()) return;
  const needed = rows && state.pitch ? rangeInView(list) : /** @type {[number, number]} */ ([first, first + LEAST]);
  const near = around(needed, 0.5, total), far = around(needed, 1, total);
  if (rows && near.first >= first && near.end <= first + rows) return;
  const range = `${far.first} ${far.end}`;
  if (range === state.failed) return;
  const pause = state.asked + REST - performance.now();
  if (pause > 0) return void setTimeout(look, pause);
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
      look();
    },
  });
}

/** A range with as many screens more on both sides. @param {[number, number]} range @param {number} screens @param {number} total */
function around([start, end], screens, total) {
  const size = Math.max(LEAST, Math.ceil(end - start)), margin = Math.ceil(size * screens);
  const first = Math.max(0, Math.min(Math.floor(start) - margin, total - size));
  return { first, end: Math.min(total, Math.max(Math.ceil(end), first + size) + margin) };
}

// What is read stays in its place while rows come and go before it.

/** @param {Element} list @returns {Anchor[]} */
function anchorIn(list) {
  if (!boxOf(list).scrollTop) return [];
  const { top } = viewOf(list);
  const row = rowsOf(list).find((row) => getBoundingClientRect(row).bottom > top);
  return row ? [{ list, row, top: topOf(row) }] : [];
}

/** @param {Anchor} anchor */
function restore({ list, row, top }) {
  if (!isConnected(row) || parentElement(row) !== list) return;
  const moved = topOf(row) - top;
  if (Math.abs(moved) >= 1) boxOf(list).scrollTop += moved;
}

// What a person has done in rows that are scrolled away is there again when they come back.

/** @param {Element} list */
function remember(list) {
  const state = stateOf(list), { activeElement } = document, rows = rowsOf(list);
  const at = rows.findIndex((row) => contains(row, activeElement));
  state.rows = rows;
  state.active = activeElement && at >= 0 ? { element: activeElement, at: firstOf(list) + at } : undefined;
  if (state.lost?.box !== activeElement) state.lost = undefined; // the person goes on elsewhere
}

/** @param {Element} list */
function giveBack(list) {
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

/** @param {Element} row */
const keyOf = (row) => getAttribute(row, "data-key") ?? getAttribute(row, "id") ?? "";
