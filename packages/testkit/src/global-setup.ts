import { buildPluginBridge } from "../../plugin-bridge/build.mjs";
import { startTestPostgres } from "./postgres.ts";

/** vitest's global set-up: one Postgres for the whole run, and the scripts that studio puts into plugins' frames. */
export default async function setup(): Promise<() => Promise<void>> {
  await buildPluginBridge();
  const postgres = await startTestPostgres();
  return () => postgres.stop();
}
