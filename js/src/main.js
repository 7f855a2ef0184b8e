// The browser's side of a live page: adopts the page in which its script stands.

import { join } from "./core/client.js";
import { watchEvents } from "./core/events.js";
import { watchForms } from "./core/forms.js";
import { loadLazy, provide } from "./core/lazy.js";
import { parts } from "./core/bridge.js";
import { watchPending } from "./core/pending.js";
import { watchEdits } from "./core/values.js";
import { FIELD_SNAPSHOT } from "./core/wire.js";

export { loadLazy }; // for functions of the server: see call.js

provide(parts);
watchEdits();
watchPending();
watchEvents();
watchForms();
join();
if (location.search.includes(`${FIELD_SNAPSHOT}=`)) loadLazy(); // which cleans the address
