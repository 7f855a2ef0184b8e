// The browser's side of a live page: adopts the page in which its script stands.

import { join } from "./core/client.js";
import { watchEvents } from "./core/events.js";
import { watchForms } from "./core/forms.js";
import { loadMore, provide } from "./core/lazy.js";
import { parts } from "./core/bridge.js";
import { watchPending } from "./core/pending.js";
import { watchTyping } from "./core/values.js";
import { FIELD_SNAPSHOT } from "./core/wire.js";

export { loadMore }; // for functions of the server: see call.js

provide(parts);
watchTyping();
watchPending();
watchEvents();
watchForms();
join();
if (location.search.includes(`${FIELD_SNAPSHOT}=`)) loadMore(); // which cleans the address
