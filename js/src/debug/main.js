// In debug mode only: what went wrong, what changes, what is to be done better; the developer's panel.

import { watchPage } from "./advice.js";
import { watchNetwork } from "./network.js";
import { watchChanges, watchErrors } from "./overlay.js";
import { watchKeys } from "./panel.js";

watchNetwork();
watchErrors();
watchChanges();
watchPage();
watchKeys();
