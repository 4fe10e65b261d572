import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import { llmSettingsEndpoints } from "./endpoints.ts";
import { createLlmSettingsService } from "./service.ts";
import { createLlmSettingsStore } from "./store.ts";

export function createLlmSettings({ db, counts }: { db: Db; counts: Counts }): Feature {
  const settings = createLlmSettingsService({ db, store: createLlmSettingsStore(db, counts) });
  return { endpoints: llmSettingsEndpoints({ settings }) };
}
