// The browser's side of a live page: adopts the page in which its script stands.

import { join } from "./client.js";
import { watchEvents } from "./events.js";
import { watchForms } from "./forms.js";
import { loadMore, provide } from "./more.js";
import { parts } from "./parts.js";
import { watchPending } from "./pending.js";
import { watchTyping } from "./values.js";
import { FIELD_SNAPSHOT } from "./wire.js";

export { loadMore }; // for functions of the server: see call.js

provide(parts);
watchTyping();
watchPending();
watchEvents();
watchForms();
join();
if (location.search.includes(`${FIELD_SNAPSHOT}=`)) loadMore(); // which cleans the address
