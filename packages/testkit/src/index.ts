export { createTestDatabase, startTestPostgres, type TestDatabase, type TestPostgres } from "./postgres.ts";
export { createProcesses, freePort, freePorts, type ProcessKeeper, type TestProcess, waitForReady } from "./processes.ts";
export { scaled } from "./scaled.ts";
export { aStack, hubCaSha256, type Stack, type StackProcess } from "./stack.ts";
