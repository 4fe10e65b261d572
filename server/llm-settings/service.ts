import { notFound } from "@portico/core";
import type { Actor } from "../auth/actor.ts";
import { type Db, isMissing } from "../db/client.ts";
import { record } from "../db/journal.ts";
import { allPages, type ListQuery, type Page } from "../db/paging.ts";
import type { LlmSettingsDraft, LlmSettingsPatch } from "./contract.ts";
import type { LlmSettings, LlmSettingsFilters, LlmSettingsStore } from "./store.ts";
import { toAttributes } from "./wire.ts";

export type LlmSettingsService = {
  list(query: ListQuery, filters: LlmSettingsFilters): Promise<Page<LlmSettings>>;
  /** All whose model names begin with the text. */
  search(modelName: string): Promise<LlmSettings[]>;
  get(id: number): Promise<LlmSettings>;
  create(actor: Actor, draft: LlmSettingsDraft): Promise<LlmSettings>;
  update(actor: Actor, id: number, patch: LlmSettingsPatch): Promise<LlmSettings>;
  delete(actor: Actor, id: number): Promise<void>;
};

export function createLlmSettingsService({ db, store }: { db: Db; store: LlmSettingsStore }): LlmSettingsService {
  async function get(id: number): Promise<LlmSettings> {
    const settings = await store.find(id);
    if (!settings) throw notFound("LLM settings");
    return settings;
  }

  return {
    list: store.list,
    search: (modelName) => allPages((list) => store.list(list, { name_prefix: modelName })),
    get,

    create: (actor, draft) =>
      db.transaction(async (tx) => {
        const settings = await store.insert(tx, draft);
        const object = { id: settings.id, ...toAttributes(settings) };
        await record(tx, { kind: "llm_settings", action: "created", id: settings.id, actor, object, changes: draft });
        return settings;
      }),

    update: (actor, id, patch) =>
      db.transaction(async (tx) => {
        const settings = await store.update(tx, id, patch).catch((error: unknown) => {
          throw isMissing(error) ? notFound("LLM settings") : error;
        });
        const object = { id, ...toAttributes(settings) };
        await record(tx, { kind: "llm_settings", action: "updated", id, actor, object, changes: patch });
        return settings;
      }),

    async delete(actor, id) {
      const { modelName } = await get(id);
      await db.transaction(async (tx) => {
        if ((await store.delete(tx, id)) === 0) throw notFound("LLM settings");
        await record(tx, { kind: "llm_settings", action: "deleted", id, actor, changes: { model_name: modelName } });
      });
    },
  };
}
