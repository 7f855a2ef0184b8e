// The panel's tabs for operations, messages and the network.

/** @import { Message, Operation } from "./report.js" */
import { element, withAttributes } from "./elements.js";
import { disconnect, network, simulate } from "./network.js";

const STEPS = /** @type {const} */ (["waited", "ran", "loaded", "rendered", "stored"]);

/** Format a time. @param {number} seconds since 1970 */
const time = (seconds) => new Date(seconds * 1000).toTimeString().slice(0, 8);
/** @param {string} text */
const code = (text) => element("code", text);
/** Create a cell for a number. @param {string | number} content */
const number = (content) => withAttributes("td", { class: "number" }, `${content}`);

/** Create the table of operations, newest first. @param {Operation[]} operations */
export function operationTable(operations) {
  if (!operations.length) return element("p", "This page has run no operation yet.");
  const steps = STEPS.map((step) => withAttributes("th", { scope: "col", class: "number" }, withAttributes("i", { class: step }), `${step} (ms)`));
  const rows = [...operations].reverse().map((one) => element("tr",
    number(time(one.at)),
    element("td", one.kind),
    element("td", code(one.action || "–"), ...(one.error ? [withAttributes("div", { class: "failed" }, one.error)] : [])),
    withAttributes("td", { class: one.status >= 400 ? "number failed" : "number" }, `${one.status || "?"}`),
    element("td", bar(one)),
    ...STEPS.map((step) => number(one[step].toFixed(2))),
    number(one.bytes.toLocaleString("en"))));
  return table(rows, ...headings("Time", "Kind", "Action", "Status", "Shares"), ...steps, ...headings("Bytes"));
}

/** Create a bar with the shares of an operation's steps. @param {Operation} operation */
function bar(operation) {
  return withAttributes("div", { class: "bar", "aria-hidden": "true" }, ...STEPS.map((step) => {
    const part = withAttributes("span", { class: step });
    part.style.flexGrow = `${operation[step] * 1000}`;
    return part;
  }));
}

/** Create the table of the server's messages, newest first. @param {Message[]} messages */
export function messageTable(messages) {
  if (!messages.length) return element("p", "The server has sent nothing yet.");
  const rows = [...messages].reverse().map((one) => element("tr",
    number(time(one.at)), element("td", one.kind), number(one.rev), number(one.ack), number(one.bytes.toLocaleString("en")),
    element("td", ...(one.places.length ? one.places.map((place) => element("div", placeOf(place))) : ["nothing"]))));
  return table(rows, ...headings("Time", "Kind", "Revision", "Answered up to op", "Bytes", "Changed in the page"));
}

/** @param {Message["places"][number]} place */
const placeOf = ({ template, line, what, slots }) => `${template}${line ? `, line ${line}` : ""}: ${what}${slots > 1 ? ` × ${slots}` : ""}`;

const NUMBERS = ["Time", "Status", "Bytes", "Revision", "Answered up to op"];

/** @param {string[]} names */
const headings = (...names) => names.map((name) => withAttributes("th", { scope: "col", ...(NUMBERS.includes(name) ? { class: "number" } : {}) }, name));

/** @param {Element[]} rows @param {Element[]} heads */
const table = (rows, ...heads) => element("table", element("thead", element("tr", ...heads)), element("tbody", ...rows));

/** Create the form for the simulated network. */
export function networkForm() {
  const latency = field("latency", "Latency of a round trip", { type: "number", min: "0", max: "60000", step: "50" }, "ms, for the socket and for operations by fetch");
  const loss = field("loss", "Messages that break the connection", { type: "number", min: "0", max: "100" }, "of 100 messages: a WebSocket never loses a single message, it closes");
  const offline = field("offline", "Offline", { type: "checkbox" }, "the page can't connect");
  const button = withAttributes("button", { type: "button" }, "Disconnect");
  button.onclick = disconnect;
  const form = withAttributes("form", { class: "network" }, ...latency, ...loss, ...offline, button);
  form.onsubmit = () => false;
  return element("div", form, element("p", "This holds for this tab until it is closed."));
}

/**
 * Create a field of that form.
 * @param {"latency" | "loss" | "offline"} name
 * @param {string} label
 * @param {Record<string, string>} attributes
 * @param {string} hint
 */
function field(name, label, attributes, hint) {
  const input = /** @type {HTMLInputElement} */ (withAttributes("input", { id: name, "aria-describedby": `${name}-hint`, ...attributes }));
  const isFlag = attributes.type === "checkbox";
  if (isFlag) input.checked = network.offline;
  else input.value = `${network[name]}`;
  input.oninput = () => simulate({ [name]: isFlag ? input.checked : Math.max(0, input.valueAsNumber || 0) });
  return [withAttributes("label", { for: name }, label), input, withAttributes("span", { id: `${name}-hint` }, hint)];
}
