import { defineConfig } from "@playwright/test";

// The stack is started once by the global set-up, which puts its addresses into the environment that workers inherit.
export default defineConfig({
  testMatch: ["e2e/**/*.spec.ts", "attacks/**/*.spec.ts"],
  outputDir: "test-results",
  globalSetup: "./packages/testkit/src/playwright-setup.ts",
  // Journeys tell stories on one shared product: in order, one at a time, and never tried twice until green.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  // For a journey that hangs; what a journey waits for has limits of its own. A busy machine needs minutes for what takes seconds.
  timeout: 240_000,
  expect: { timeout: 10_000 },
  reporter: process.env.PLAYWRIGHT_JSON_OUTPUT_FILE
    ? [["list"], ["json", { outputFile: process.env.PLAYWRIGHT_JSON_OUTPUT_FILE }]]
    : [["list"]],
  use: {
    baseURL: process.env.PORTICO_STUDIO_URL,
    browserName: "chromium",
    viewport: { width: 1440, height: 900 },
    // Pages stand still from their first paint, so that no check measures a colour or a place that is still changing.
    contextOptions: { reducedMotion: "reduce" },
    trace: "retain-on-failure",
    launchOptions: {
      ...(process.env.CHROMIUM_PATH ? { executablePath: process.env.CHROMIUM_PATH } : {}),
      args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
    },
  },
});
