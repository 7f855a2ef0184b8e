// The developer's panel, opened with Alt+Shift+L: the latest operations and messages of the page's session, its state, and a
// simulated network. The panel requests its data from an endpoint that only exists in debug mode, after each message.

/** @import { Report } from "./report.js" */
import { HEADER_OPS } from "../core/wire.js";
import { element, shadow, withAttributes } from "./elements.js";
import { listeners, nativeFetch, token } from "./network.js";
import { messageTable, networkForm, operationTable } from "./panel-tabs.js";
import { StateForms } from "./panel-state.js";

const KEY = "live:panel";
const DELAY = 100; // ms from a message to the request, since the operation may end slightly later
const STYLE = `
:host { all: initial }
section { position: fixed; inset: auto 0 0; z-index: 2147483647; display: flex; flex-direction: column; height: min(22rem, 50vh); color-scheme: light dark; background: Canvas; color: CanvasText; border-top: 3px solid #2563eb; box-shadow: 0 0 1rem #0004; font: 13px/1.45 system-ui, sans-serif }
header { display: flex; align-items: center; gap: .25rem 1rem; padding: 0 .75rem; border-bottom: 1px solid color-mix(in srgb, CanvasText 20%, Canvas); flex-wrap: wrap }
h2 { margin: 0; font-size: 1em } h3 { margin: .75rem 0 .25rem; font-size: 1em }
[role=tablist] { display: flex; margin-right: auto }
[role=tab] { padding: .5rem .75rem; border: 0; border-bottom: 3px solid transparent; background: none; color: inherit; font: inherit; cursor: pointer }
[role=tab][aria-selected=true] { border-color: #2563eb; font-weight: 600 }
:focus-visible { outline: 2px solid #2563eb; outline-offset: -2px }
[role=tabpanel] { flex: 1; overflow: auto; padding: 0 .75rem .75rem }
table { width: 100%; border-collapse: collapse }
th { position: sticky; top: 0; background: Canvas; text-align: left; font-weight: 600 }
th, td { padding: .2rem .75rem .2rem 0; vertical-align: top; border-bottom: 1px solid color-mix(in srgb, CanvasText 12%, Canvas) }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.failed { color: light-dark(#b00020, #ff9a9a) }
code, td input, td output { font: 12px/1.45 ui-monospace, monospace; overflow-wrap: anywhere }
th + td > code { display: block; min-width: 9rem }
td input { box-sizing: border-box; width: 100%; min-width: 12rem; padding: .15rem .3rem }
.bar { display: flex; width: 8rem; height: .8rem; margin-top: .25rem; background: color-mix(in srgb, CanvasText 8%, Canvas) }
.waited { background: #94a3b8 } .ran { background: #2563eb } .loaded { background: #0d9488 } .rendered { background: #d97706 } .stored { background: #9333ea }
i { display: inline-block; width: .7em; height: .7em; margin-right: .35em }
form.network { display: grid; grid-template-columns: max-content 7rem 1fr; gap: .5rem 1rem; align-items: center; margin: .75rem 0 }
button { font: inherit }
[type=checkbox] { justify-self: start }
form.network button { justify-self: start }
p { margin: .75rem 0 }`;

const TABS = ["Operations", "Messages", "State", "Network"];

/** @type {Panel | undefined} */
let panel;

/** Open and close the panel with Alt+Shift+L; open it at once if it was open when the page was left. */
export function watchKeys() {
  addEventListener("keydown", (event) => {
    if (event.altKey && event.shiftKey && event.code === "KeyL") toggle();
  }, true);
  // Replacing the whole page removes the panel.
  addEventListener("live:patch", () => { if (panel && !panel.host.isConnected) document.documentElement.append(panel.host); });
  const tab = sessionStorage.getItem(KEY);
  if (tab) panel = new Panel(tab);
}

/** Open or close the panel. */
function toggle() {
  if (panel) return panel.close();
  const before = document.activeElement;
  panel = new Panel(TABS[0] ?? "", before);
  panel.focus();
}

/** Request a report about the page's session. @param {object} [edit] a field to set first @returns {Promise<Report>} */
async function ask(edit) {
  if (!token) throw new Error("The page isn't connected yet");
  const live = /** @type {HTMLElement} */ (document.querySelector("script[data-live]")).dataset.live ?? "";
  const body = JSON.stringify({ token, edit });
  const response = await nativeFetch(live.replace(/socket$/, "panel"), { method: "POST", headers: { [HEADER_OPS]: "1" }, body });
  const answer = await response.json();
  if (answer.error) throw new Error(answer.error);
  return answer;
}

/** The open panel. */
class Panel {
  host = withAttributes("div", { "data-live-panel": "" });
  #before;
  #tabs;
  #content = withAttributes("div", { role: "tabpanel", id: "content", tabindex: "0" });
  #page = element("span");
  #status = withAttributes("span", { role: "status" });
  #state = new StateForms((edit) => ask(edit).then((report) => this.#show(report)));
  #network = networkForm();
  /** @type {Report | undefined} */
  #report;
  #selected;
  #timer = 0;
  #refresh = () => { clearTimeout(this.#timer); this.#timer = setTimeout(() => this.#update(), DELAY); };
  #observer = new MutationObserver(() => this.#showStatus());

  /** @param {string} selected the tab @param {Element | null} [before] the focused element, to focus it again */
  constructor(selected, before) {
    this.#before = before;
    this.#selected = selected;
    this.#tabs = TABS.map((name) => withAttributes("button", { type: "button", role: "tab", "aria-controls": "content", id: `tab-${name}` }, name));
    const list = withAttributes("div", { role: "tablist", "aria-label": "Developer's panel" }, ...this.#tabs);
    const close = withAttributes("button", { type: "button", "aria-label": "Close the panel" }, "✕");
    const section = withAttributes("section", { "aria-label": "Developer's panel" },
      element("header", element("h2", "liveactions"), list, this.#page, this.#status, close), this.#content);
    shadow(this.host, STYLE).append(section);
    for (const tab of this.#tabs) tab.onclick = () => this.#select(tab.textContent ?? "");
    list.onkeydown = (event) => this.#onTabKey(event);
    close.onclick = () => this.close();
    section.onkeydown = (event) => { if (event.key === "Escape") this.close(); };
    // Keep events in the panel from the page's listeners.
    for (const type of ["keydown", "keyup", "input", "change", "click", "submit", "focusin", "focusout"]) section.addEventListener(type, (event) => event.stopPropagation());
    document.documentElement.append(this.host);
    listeners.add(this.#refresh);
    this.#observer.observe(document.documentElement, { attributeFilter: ["data-live"] });
    this.#showStatus();
    this.#select(selected);
    this.#update();
  }

  focus() {
    this.#tabs.find((tab) => tab.tabIndex === 0)?.focus();
  }

  close() {
    panel = undefined;
    sessionStorage.removeItem(KEY);
    clearTimeout(this.#timer);
    listeners.delete(this.#refresh);
    this.#observer.disconnect();
    this.host.remove();
    if (this.#before instanceof HTMLElement) this.#before.focus();
  }

  /** Request a report, and show it. */
  async #update() {
    try {
      this.#show(await ask());
    } catch (error) {
      this.#page.textContent = /** @type {Error} */ (error).message;
    }
  }

  /** Show a report. @param {Report} report */
  #show(report) {
    this.#report = report;
    this.#page.textContent = `${report.page}, process ${report.worker}`;
    this.#showTab();
  }

  #showStatus() {
    this.#status.textContent = { open: "connected", closed: "closed" }[document.documentElement.dataset.live ?? ""] ?? "connecting …";
  }

  /** Select a tab. @param {string} name */
  #select(name) {
    this.#selected = name;
    sessionStorage.setItem(KEY, name);
    for (const tab of this.#tabs) {
      const isSelected = tab.textContent === name;
      tab.ariaSelected = `${isSelected}`;
      tab.tabIndex = isSelected ? 0 : -1;
    }
    this.#content.setAttribute("aria-labelledby", `tab-${name}`);
    this.#content.replaceChildren();
    this.#showTab();
  }

  /** Select tabs with the arrow keys. @param {KeyboardEvent} event */
  #onTabKey({ key }) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (!step) return;
    const next = TABS.at((TABS.indexOf(this.#selected) + step) % TABS.length) ?? "";
    this.#select(next);
    this.focus();
  }

  #showTab() {
    const report = this.#report;
    if (this.#selected === "Network") this.#put(this.#network);
    else if (!report) this.#put(element("p", "Asking the server …"));
    else if (this.#selected === "Operations") this.#put(operationTable(report.operations));
    else if (this.#selected === "Messages") this.#put(messageTable(report.messages));
    else this.#put(this.#state.show(report.state));
  }

  /**
   * Show an element. If it is already shown, leave it alone, to keep what was typed in its fields.
   * @param {Element} shown
   */
  #put(shown) {
    if (this.#content.firstChild !== shown) this.#content.replaceChildren(shown);
  }
}
