// The browser's side of a live page: adopts the page in which its script stands.

import { report } from "./answers.js";
import { join, perform } from "./client.js";
import { session, waits } from "./connection.js";
import { calledBy, callsOf, run, watchEvents } from "./events.js";
import { fieldsOf } from "./fields.js";
import { referenceOf, watchForms } from "./forms.js";
import { meetMarkup } from "./fragments.js";
import { trusted } from "./html.js";
import { loadMore, provide } from "./more.js";
import { change, lay, onLift, watchPending } from "./pending.js";
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
  calledBy, callsOf, change, close, edits, fieldsOf, isControl, lay, meetMarkup, onLift, parcel, perform, referenceOf, report, run, see, session, take,
  trusted, waits,
]);
/** @typedef {typeof parts} Parts what the rest of the client works with */

export { loadMore }; // for functions of the server: see call.js

cleanAddress();
provide(parts);
watchTyping();
watchPending();
watchEvents();
watchForms();
join();
