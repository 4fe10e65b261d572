import { defined } from "@portico/core";
import type { Db, Tx } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Prisma } from "../db/generated/client.ts";
import { createListing, inNaturalOrder, selectAs } from "../db/listing.ts";
import type { ListQuery, Page } from "../db/paging.ts";
import type { LlmSettingsDraft, LlmSettingsPatch } from "./contract.ts";

export type LlmSettings = {
  id: number;
  modelName: string;
  maxLength: number;
  maxTokens: number;
  minLength: number;
  repetitionPenalty: number;
  seed: number;
  stopWords: string[];
  temperature: number;
  topK: number;
  topP: number;
  systemPrompt: string;
  metadata: Record<string, unknown>;
  createdAt: Date;
  updatedAt: Date;
};

/** `name_prefix`: the beginning of the model's name, whatever its case. */
export type LlmSettingsFilters = { name_prefix?: string | undefined };

export type LlmSettingsStore = {
  list(query: ListQuery, filters: LlmSettingsFilters): Promise<Page<LlmSettings>>;
  find(id: number): Promise<LlmSettings | undefined>;
  insert(tx: Tx, draft: LlmSettingsDraft): Promise<LlmSettings>;
  /** Writes what is named. */
  update(tx: Tx, id: number, patch: LlmSettingsPatch): Promise<LlmSettings>;
  /** @returns how many there were. */
  delete(tx: Tx, id: number): Promise<number>;
};

const sorts = {
  id: "t.id",
  model_name: inNaturalOrder("t.model_name"),
  max_tokens: "t.max_tokens",
  created_at: "t.created_at",
  updated_at: "t.updated_at",
};
export const llmSettingsSorts = Object.keys(sorts);

export function createLlmSettingsStore(db: Db, counts: Counts): LlmSettingsStore {
  const listing = createListing<LlmSettings, LlmSettingsFilters>(
    { db, counts },
    {
      kinds: ["llm_settings"],
      from: "llm_settings t",
      select: selectAs<LlmSettings>({
        id: "t.id",
        modelName: "t.model_name",
        maxLength: "t.max_length",
        maxTokens: "t.max_tokens",
        minLength: "t.min_length",
        repetitionPenalty: "t.repetition_penalty",
        seed: "t.seed",
        stopWords: "t.stop_words",
        temperature: "t.temperature",
        topK: "t.top_k",
        topP: "t.top_p",
        systemPrompt: "t.system_prompt",
        metadata: "t.metadata",
        createdAt: "t.created_at",
        updatedAt: "t.updated_at",
      }),
      sorts,
      search: ["t.model_name", "t.system_prompt"],
      filters: { name_prefix: "starts_with(lower(t.model_name), lower(?))" },
    },
  );

  return {
    list: listing.page,
    async find(id) {
      const row = await db.prisma.llmSettings.findUnique({ where: { id } });
      return row ? toSettings(row) : undefined;
    },
    insert: async (tx, draft) => toSettings(await tx.llmSettings.create({ data: { ...toColumns(draft), modelName: draft.model_name } })),
    update: async (tx, id, patch) => toSettings(await tx.llmSettings.update({ where: { id }, data: toColumns(patch) })),
    delete: async (tx, id) => (await tx.llmSettings.deleteMany({ where: { id } })).count,
  };
}

const toSettings = ({ metadata, ...row }: Prisma.LlmSettingsGetPayload<object>): LlmSettings => ({
  ...row,
  metadata: metadata as Record<string, unknown>,
});

const toColumns = (patch: LlmSettingsPatch) =>
  defined({
    modelName: patch.model_name,
    maxLength: patch.max_length,
    maxTokens: patch.max_tokens,
    minLength: patch.min_length,
    repetitionPenalty: patch.repetition_penalty,
    seed: patch.seed,
    stopWords: patch.stop_words,
    temperature: patch.temperature,
    topK: patch.top_k,
    topP: patch.top_p,
    systemPrompt: patch.system_prompt,
    metadata: patch.metadata as Prisma.InputJsonObject | undefined,
  });
