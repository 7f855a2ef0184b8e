// The browser's side of a live page: adopts the page in which its script stands.

import { report } from "./answers.js";
import { join, perform } from "./client.js";
import { ops, session } from "./connection.js";
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

// By position: more/core.js gives them their names back.
const parts = /** @type {const} */ ([
  calledBy, callsOf, change, close, edits, fieldsOf, isControl, lay, meetMarkup, onLift, parcel, () => ops, perform, referenceOf, report, run, see, session, take,
  trusted,
]);
/** @typedef {typeof parts} Parts what the rest of the client works with */

export { loadMore }; // for functions of the server: see call.js

provide(parts);
watchTyping();
watchPending();
watchEvents();
watchForms();
join();
if (location.search.includes(`${FIELD_SNAPSHOT}=`)) loadMore(); // which cleans the address
