// While one develops: what an exception was, over the page. In production the server tells nobody.

const STYLE = `
dialog { width: min(60rem, 90vw); max-height: 85vh; padding: 1.5rem; border: 0; border-top: .4rem solid #c00; font: 1rem/1.4 system-ui; color: #222; background: #fff }
dialog::backdrop { background: #0008 }
h1 { margin: 0 2rem 1rem 0; font-size: 1.1rem; overflow-wrap: anywhere }
pre { margin: 0; overflow: auto; font: .85rem/1.5 ui-monospace, monospace }
button { position: absolute; inset: 1rem 1rem auto auto }`;

/** @param {{ error: string, details: string, id?: string }} failure */
export function showError({ error, details, id }) {
  document.querySelector("[data-live-error]")?.remove();
  const host = document.createElement("div");
  host.dataset.liveError = id ?? "";
  const root = host.attachShadow({ mode: "open" });
  const style = new CSSStyleSheet();
  style.replaceSync(STYLE);
  root.adoptedStyleSheets = [style];
  const [dialog, heading, trace, button] = ["dialog", "h1", "pre", "button"].map((name) => document.createElement(name));
  heading.textContent = error;
  trace.textContent = details;
  button.textContent = "Close";
  button.onclick = dialog.onclose = () => host.remove();
  dialog.append(heading, trace, button);
  root.append(dialog);
  document.documentElement.append(host);
  /** @type {HTMLDialogElement} */ (dialog).showModal();
}
