/** In front of an HTML page of a plugin, which has no bridge. */
import { guardDialogs } from "./dialogs.ts";

guardDialogs(window);
