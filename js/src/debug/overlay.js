// What an exception was, over the page.

const STYLE = `
dialog { width: min(60rem, 90vw); max-height: 85vh; padding: 1.5rem; border: 0; border-top: .4rem solid #c00; font: 1rem/1.4 system-ui; color: #222; background: #fff }
dialog::backdrop { background: #0008 }
h1 { margin: 0 2rem 1rem 0; font-size: 1.1rem; overflow-wrap: anywhere }
h2 { margin: 0 0 .5rem; font-size: 1rem }
pre { margin: 0 0 1rem; overflow: auto; font: .85rem/1.5 ui-monospace, monospace }
mark { background: #fdd }
button { position: absolute; inset: 1rem 1rem auto auto }`;

/** @typedef {{ name: string, line: number, excerpt: [number, string][] }} Place where in a template, and the lines around it */

/** What is shown, or was last. */
let last = "";

export function watchErrors() {
  addEventListener("live:error", (event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    // What fails every second by itself is shown once.
    if (detail.details && (detail.n || detail.details !== last)) showError(detail);
  }, true);
  addEventListener("live:template", () => {
    last = "";
    close();
  }, true);
}

/** @param {{ error: string, details: string, id?: string, template?: Place }} failure */
function showError({ error, details, id, template }) {
  close();
  last = details;
  const host = document.createElement("div");
  host.dataset.liveError = id ?? "";
  const root = host.attachShadow({ mode: "open" });
  const style = new CSSStyleSheet();
  style.replaceSync(STYLE);
  root.adoptedStyleSheets = [style];
  const dialog = element("dialog", element("h1", error));
  const button = element("button", "Close");
  if (template) dialog.append(element("h2", `${template.name}, line ${template.line}`), excerptOf(template));
  dialog.append(element("pre", details), button);
  button.onclick = /** @type {HTMLDialogElement} */ (dialog).onclose = close;
  root.append(dialog);
  document.documentElement.append(host);
  /** @type {HTMLDialogElement} */ (dialog).showModal();
}

function close() {
  document.querySelector("[data-live-error]")?.remove();
}

/** @param {Place} place */
function excerptOf({ line, excerpt }) {
  return element("pre", ...excerpt.flatMap(([number, text]) => {
    const row = `${number}`.padStart(5) + `  ${text}`;
    return [number === line ? element("mark", row) : row, "\n"];
  }));
}

/** @param {string} name @param {(Node | string)[]} content */
function element(name, ...content) {
  const made = document.createElement(name);
  made.append(...content);
  return made;
}
