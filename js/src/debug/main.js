// The entry point of debug mode: shows exceptions and changes over the page, warns about mistakes, and has the developer's panel.

import { watchPage } from "./advice.js";
import { watchNetwork } from "./network.js";
import { watchChanges, watchErrors } from "./overlay.js";
import { watchKeys } from "./panel.js";

watchNetwork();
watchErrors();
watchChanges();
watchPage();
watchKeys();
