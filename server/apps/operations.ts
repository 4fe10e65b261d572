import { invalid } from "@portico/core";
import type { AppInfo } from "@portico/protocol/studio-management";
import { parseInput } from "../fields/input-error.ts";
import { operation } from "../grpc/operation.ts";
import { changesOf, idOf, jsonOf, listQueryOf, unlessEmpty } from "../grpc/requests.ts";
import { AppDraft, AppPatch } from "./contract.ts";
import type { AppService } from "./service.ts";
import type { App } from "./store.ts";

const maxMetadataChars = 64 * 1024;

const toInfo = (app: App): AppInfo => ({
  id: app.id,
  name: app.name,
  description: app.description,
  isActive: app.isActive,
  namespace: app.namespace,
  monthlyBudget: app.monthlyBudget ?? undefined,
  llmIds: app.llmIds,
  toolIds: app.toolIds,
  datasourceIds: app.datasourceIds,
  createdAt: app.createdAt,
  updatedAt: app.updatedAt,
  ownerEmail: app.owner?.email ?? "",
  userId: app.owner?.id ?? 0,
  metadata: JSON.stringify(app.metadata),
});

const appId = (id: number) => idOf(id, "app_id", "App");
const metadataOf = (text: string) => (text === "" ? undefined : jsonOf(text, "metadata", maxMetadataChars));

/** Apps for plugins, without their credentials. */
export const appOperations = ({ apps }: { apps: AppService }) => [
  operation({
    rpc: "listApps",
    scope: "apps.read",
    async handle(_call, { isActive, namespace, userId, ...paging }) {
      const filters = { is_active: isActive, namespace: unlessEmpty(namespace), user_id: userId };
      const { items, total } = await apps.list(listQueryOf(paging, "newest"), filters);
      return { apps: items.map(toInfo), totalCount: total };
    },
  }),
  operation({
    rpc: "getApp",
    scope: "apps.read",
    handle: async (_call, request) => ({ app: toInfo(await apps.get(appId(request.appId))) }),
  }),
  operation({
    rpc: "createApp",
    scope: "apps.write",
    audit: true,
    // Its credential waits for an administrator's approval, and its secret stays here.
    async handle({ actor }, request) {
      const draft = parseInput(AppDraft, {
        name: request.name,
        description: request.description,
        user_id: request.userId || undefined,
        llm_ids: request.llmIds,
        tool_ids: request.toolIds,
        datasource_ids: request.datasourceIds,
        monthly_budget: request.monthlyBudget ?? null,
        namespace: request.namespace,
        metadata: metadataOf(request.metadata),
      });
      const { app } = await apps.create(actor, draft);
      return { app: toInfo(app) };
    },
  }),
  operation({
    rpc: "updateApp",
    scope: "apps.write",
    audit: true,
    // The owner stays.
    async handle({ actor }, request) {
      const id = appId(request.appId);
      const changes = changesOf({
        name: request.name,
        description: request.description,
        is_active: request.isActive,
        llm_ids: request.llmIds,
        tool_ids: request.toolIds,
        datasource_ids: request.datasourceIds,
        monthly_budget: request.monthlyBudget,
        metadata: metadataOf(request.metadata),
      });
      return { app: toInfo(await apps.update(actor, id, parseInput(AppPatch, changes))) };
    },
  }),
  operation({
    rpc: "deleteApp",
    scope: "apps.write",
    audit: true,
    async handle({ actor }, request) {
      await apps.delete(actor, appId(request.appId));
      return { success: true, message: "App deleted" };
    },
  }),
  operation({
    rpc: "patchAppMetadata",
    scope: "apps.write",
    audit: true,
    async handle({ actor }, { appId: id, key, value, delete: remove }) {
      appId(id);
      if (key === "" || key.length > 200 || key === "__proto__") throw invalid("key", "must have 1 to 200 characters");
      const parsed = remove ? undefined : jsonOf(value, "value", maxMetadataChars);
      const { metadata } = await apps.patchMetadata(actor, appId(id), key, parsed);
      return { success: true, message: "", metadata: JSON.stringify(metadata) };
    },
  }),
];
