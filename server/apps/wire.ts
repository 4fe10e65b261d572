import type { AppAttributes, AppResource } from "./contract.ts";
import type { App } from "./store.ts";

/** What the API and events may see of an app. */
export const toAttributes = (app: App): AppAttributes => ({
  name: app.name,
  description: app.description,
  user_id: app.owner?.id ?? null,
  owner: app.owner,
  credential_id: app.credentials[0]?.id ?? null,
  credential_active: app.credentials.some((credential) => credential.active),
  llm_ids: app.llmIds,
  datasource_ids: app.datasourceIds,
  tool_ids: app.toolIds,
  monthly_budget: app.monthlyBudget,
  budget_start_date: app.budgetStartAt?.toISOString() ?? null,
  current_spend: app.currentSpend,
  is_active: app.isActive,
  is_orphaned: app.isOrphaned,
  metadata: app.metadata,
  namespace: app.namespace,
  created_at: app.createdAt.toISOString(),
  updated_at: app.updatedAt.toISOString(),
});

export const toResource = (
  app: App,
  credential?: { id: number; keyId: string; hint: string; active: boolean; secret: string } | null,
): AppResource => ({
  type: "app",
  id: String(app.id),
  attributes: {
    ...toAttributes(app),
    ...(credential === undefined
      ? {}
      : {
          credential: credential && {
            id: String(credential.id),
            key_id: credential.keyId,
            secret: credential.secret,
            hint: credential.hint,
            active: credential.active,
          },
        }),
  },
});
