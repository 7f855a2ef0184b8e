// The browser's side of a live page: adopts the page in which its script stands.

import { join, perform } from "./client.js";
import { callsOf, run, watchEvents } from "./events.js";
import { fieldsOf } from "./fields.js";
import { referenceOf, watchForms } from "./forms.js";
import { meetMarkup } from "./fragments.js";
import { trusted } from "./html.js";
import { provide } from "./more.js";
import { lay, watchPending } from "./pending.js";
import { close, parcel, take } from "./socket.js";
import { edits, isControl, see, watchTyping } from "./values.js";
import { FIELD_SNAPSHOT } from "./wire.js";

/** A post is answered at an address with a handle: opened again it would show an old state. */
function cleanAddress() {
  const url = new URL(location.href);
  if (!url.searchParams.has(FIELD_SNAPSHOT)) return;
  url.searchParams.delete(FIELD_SNAPSHOT);
  history.replaceState(history.state, "", url);
}

// By position: more/core.js gives them their names back.
const parts = /** @type {const} */ ([
  callsOf, close, edits, fieldsOf, isControl, lay, meetMarkup, parcel, perform, referenceOf, run, see, take, trusted,
]);
/** @typedef {typeof parts} Parts what the rest of the client works with */

cleanAddress();
provide(parts);
watchTyping();
watchPending();
watchEvents();
watchForms();
join();
