// Loaded ahead of a process's own code; see compile-cache.mjs.
import { enableCompileCache } from "node:module";

const dir = process.env.PORTICO_COMPILE_CACHE;
if (dir) enableCompileCache(dir);
