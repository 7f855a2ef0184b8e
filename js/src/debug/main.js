// In debug mode only: what went wrong, what changes, what is to be done better.

import { watchPage } from "./advice.js";
import { watchChanges, watchErrors } from "./overlay.js";

watchErrors();
watchChanges();
watchPage();
