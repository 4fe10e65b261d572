import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{server,gateway,packages,plugins,plugin-ui,scripts,components,interop,app,attacks,bench}/**/*.test.{ts,tsx,mjs}"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    globalSetup: ["packages/testkit/src/global-setup.ts"],
    // Processes, not threads: tests start children, bind sockets and are ended by signals.
    pool: "forks",
    maxWorkers: 2,
    // Ten times what the slowest of them needs on an idle machine: tests also pass while other work keeps every core busy.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A forgotten timer or socket shows as a hang; a test that never ends is a failure, not a wait.
    teardownTimeout: 10_000,
    passWithNoTests: false,
  },
});
