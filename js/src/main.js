// The browser's side of a live page: adopts the page in which its script stands.

import { join, perform } from "./client.js";
import { again, due } from "./connection.js";
import { callsOf, run, watchEvents } from "./events.js";
import { fieldsOf } from "./fields.js";
import { referenceOf, watchForms } from "./forms.js";
import { meetMarkup } from "./fragments.js";
import { trusted } from "./html.js";
import { provide } from "./more.js";
import { watchPending } from "./pending.js";
import { close, closed, greeting, take } from "./socket.js";
import { edits, inherit, isCheckable, isControl, see, setAttribute, watchTyping } from "./values.js";
import { FIELD_SNAPSHOT } from "./wire.js";

/** A post is answered at an address with a handle: opened again it would show an old state. */
function cleanAddress() {
  const url = new URL(location.href);
  if (!url.searchParams.has(FIELD_SNAPSHOT)) return;
  url.searchParams.delete(FIELD_SNAPSHOT);
  history.replaceState(history.state, "", url);
}

const core = {
  again, callsOf, close, due, edits, fieldsOf, greeting, inherit, isCheckable, isClosed: () => closed, isControl, meetMarkup, perform,
  referenceOf, run, see, setAttribute, take, trusted,
};
/** @typedef {typeof core} Core what the rest of the client works with */

cleanAddress();
provide(core);
watchTyping();
watchPending();
watchEvents();
watchForms();
join();
