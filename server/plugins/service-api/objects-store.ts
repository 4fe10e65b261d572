import { toDollars } from "@portico/core";
import { type Db, noteChange, type Tx } from "../../db/client.ts";
import type { Prisma } from "../../db/generated/client.ts";

export type Slice = { skip: number; take: number };
type Json = Record<string, unknown>;

const appColumns = {
  id: true,
  name: true,
  description: true,
  isActive: true,
  namespace: true,
  monthlyBudgetMicroUsd: true,
  userId: true,
  metadata: true,
  createdAt: true,
  updatedAt: true,
  owner: { select: { email: true } },
  llms: { select: { llmId: true }, orderBy: { llmId: "asc" } },
} as const satisfies Prisma.AppSelect;
export type AppRow = Prisma.AppGetPayload<{ select: typeof appColumns }>;

const llmColumns = {
  id: true,
  name: true,
  vendor: true,
  apiEndpoint: true,
  apiKeySealed: true,
  privacyScore: true,
  shortDescription: true,
  defaultModel: true,
  allowedModels: true,
  active: true,
  namespace: true,
  monthlyBudgetMicroUsd: true,
  createdAt: true,
  updatedAt: true,
  metadata: true,
} as const satisfies Prisma.LlmSelect;
export type LlmRow = Omit<Prisma.LlmGetPayload<{ select: typeof llmColumns }>, "apiKeySealed"> & { hasApiKey: boolean };

/** What plugins may read of the rest of the product: no keys, no credentials, and not the control plane's own app. */
export function createObjectsStore(db: Db) {
  const withoutKey = ({ apiKeySealed, ...llm }: Prisma.LlmGetPayload<{ select: typeof llmColumns }>): LlmRow => ({
    ...llm,
    hasApiKey: apiKeySealed !== null,
  });
  return {
    async listLlms({ vendor, active, namespace }: { vendor?: string; active?: boolean | undefined; namespace?: string }, slice: Slice) {
      const where: Prisma.LlmWhereInput = {
        ...(vendor ? { vendor } : {}),
        ...(namespace ? { namespace } : {}),
        ...(active === undefined ? {} : { active }),
      };
      const [rows, total] = await Promise.all([
        db.prisma.llm.findMany({ where, select: llmColumns, orderBy: { id: "asc" }, ...slice }),
        db.prisma.llm.count({ where }),
      ]);
      return { rows: rows.map(withoutKey), total };
    },
    async findLlm(id: number): Promise<LlmRow | undefined> {
      const row = await db.prisma.llm.findUnique({ where: { id }, select: llmColumns });
      return row ? withoutKey(row) : undefined;
    },

    async listApps(
      { active, namespace, userId }: { active?: boolean | undefined; namespace?: string; userId?: number | undefined },
      slice: Slice,
    ) {
      const where: Prisma.AppWhereInput = {
        isSystem: false,
        ...(active === undefined ? {} : { isActive: active }),
        ...(namespace ? { namespace } : {}),
        ...(userId === undefined ? {} : { userId }),
      };
      const [rows, total] = await Promise.all([
        db.prisma.app.findMany({ where, select: appColumns, orderBy: { id: "desc" }, ...slice }),
        db.prisma.app.count({ where }),
      ]);
      return { rows, total };
    },
    findApp: (id: number): Promise<AppRow | null> => db.prisma.app.findFirst({ where: { id, isSystem: false }, select: appColumns }),

    /** Changes one key of an app's metadata; undefined deletes it. @returns the metadata, or undefined when there is no such app. */
    async patchAppMetadata(tx: Tx, id: number, key: string, value: unknown): Promise<Json | undefined> {
      const locked = await tx.$queryRaw<{ metadata: Json }[]>`SELECT metadata FROM apps WHERE id = ${id} AND NOT is_system FOR UPDATE`;
      if (!locked[0]) return undefined;
      const entries = Object.entries(locked[0].metadata).filter(([name]) => name !== key);
      const metadata = Object.fromEntries(value === undefined ? entries : [...entries, [key, value]]);
      await tx.app.update({ where: { id }, data: { metadata: metadata as Prisma.InputJsonObject }, select: { id: true } });
      noteChange(tx, "app");
      return metadata;
    },

    async listPrices(vendor: string, slice: Slice) {
      const where: Prisma.ModelPriceWhereInput = vendor ? { vendor } : {};
      const [rows, total] = await Promise.all([
        db.prisma.modelPrice.findMany({ where, orderBy: { id: "asc" }, ...slice }),
        db.prisma.modelPrice.count({ where }),
      ]);
      return { rows, total };
    },
    findPrice: (id: number) => db.prisma.modelPrice.findUnique({ where: { id } }),
  };
}
export type ObjectsStore = ReturnType<typeof createObjectsStore>;

export const dollarsOf = (amount: bigint | null): number | undefined => (amount === null ? undefined : toDollars(Number(amount)));
