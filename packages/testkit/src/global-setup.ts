import { startTestPostgres } from "./postgres.ts";

/** vitest's global set-up: one Postgres for the whole run. */
export default async function setup(): Promise<() => Promise<void>> {
  const postgres = await startTestPostgres();
  return () => postgres.stop();
}
