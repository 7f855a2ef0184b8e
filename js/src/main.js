// The entry point of the client: connects the page that contains its script to the server.

import { join } from "./core/client.js";
import { watchEvents } from "./core/events.js";
import { watchForms } from "./core/forms.js";
import { loadLazy, provide } from "./core/lazy.js";
import { parts } from "./core/bridge.js";
import { watchPending } from "./core/pending.js";
import { watchEdits } from "./core/values.js";
import { FIELD_SNAPSHOT } from "./core/wire.js";

export { loadLazy }; // used by call.js and hooks.js

provide(parts);
watchEdits();
watchPending();
watchEvents();
watchForms();
join();
if (location.search.includes(`${FIELD_SNAPSHOT}=`)) loadLazy(); // removes the snapshot from the address
