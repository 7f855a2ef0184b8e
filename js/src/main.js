// The browser's side of a live page: adopts the page in which its script stands.

import { Client } from "./client.js";
import { watchEvents } from "./events.js";
import { watchForms } from "./forms.js";
import { watchNavigation } from "./navigate.js";
import { watchPending } from "./pending.js";
import { watchTyping } from "./values.js";
import { FIELD_SNAPSHOT } from "./wire.js";

/** The answer to a post has a handle in its address: opening the page by this address again would show an old state. */
function cleanAddress() {
  const url = new URL(location.href);
  if (!url.searchParams.has(FIELD_SNAPSHOT)) return;
  url.searchParams.delete(FIELD_SNAPSHOT);
  history.replaceState(history.state, "", url);
}

function start() {
  const script = /** @type {HTMLScriptElement | null} */ (document.querySelector("script[data-live]"));
  if (!script) return null;
  cleanAddress();
  const client = new Client(script.dataset.live ?? "", script.dataset.snapshot || null);
  watchTyping();
  watchPending();
  watchEvents(client);
  watchForms(client);
  watchNavigation(client);
  client.transport.start();
  return client;
}

export const live = start();
