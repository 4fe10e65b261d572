import { AppError, conflict, invalid, notFound } from "@portico/core";
import type { Actor } from "../auth/actor.ts";
import type { CredentialService, IssuedCredential } from "../credentials/service.ts";
import type { Db, Tx } from "../db/client.ts";
import { record, recordAll } from "../db/journal.ts";
import type { ListQuery } from "../db/paging.ts";
import type { Notifier } from "../notifications/feature.ts";
import type { AppDraft, AppLlmResource, AppPatch, OwnAppDraft } from "./contract.ts";
import type { App, AppFilters, AppStore, AppTool, Resources } from "./store.ts";

/** Apps that one person creates in the portal. */
const maxOwnApps = 100;
const maxOwnCredentials = 10;

export function createAppService({
  db,
  store,
  credentials,
  notifier,
  now = () => new Date(),
}: {
  db: Db;
  store: AppStore;
  credentials: CredentialService;
  notifier?: Notifier;
  now?: () => Date;
}) {
  async function get(id: number): Promise<App> {
    const app = await store.find({ id });
    if (!app) throw notFound("App");
    return app;
  }

  /** One change of an existing app, in a transaction that holds its row. */
  async function change(id: number, steps: (tx: Tx) => Promise<void>): Promise<void> {
    await db.transaction(async (tx) => {
      if (!(await store.lock(tx, id))) throw notFound("App");
      await steps(tx);
    });
  }

  /** An app of the caller's own; somebody else's is not found. */
  async function getOwn(actor: Actor, id: number): Promise<App> {
    const app = await get(id);
    if (app.owner?.id !== actor.userId) throw notFound("App");
    return app;
  }

  /** The credential comes with the app, inactive unless asked otherwise: activating it is the approval. Its secret is in this answer only. */
  async function create(
    actor: Actor,
    { activate, user_id, namespace, ...draft }: AppDraft,
  ): Promise<{ app: App; credential: IssuedCredential }> {
    const row = { ...draft, userId: user_id ?? (actor.userId || null), namespace };
    const { id, credential } = await db.transaction(async (tx) => {
      const created = await store.insert(tx, row);
      await checkPrivacy(tx, row);
      await record(tx, { kind: "app", action: "created", id: created.id, actor, object: { id: created.id, ...row }, changes: row });
      await notifier?.appCreated(tx, { id: created.id, name: row.name, isActive: activate }, actor);
      return { id: created.id, credential: await credentials.issue(tx, actor, created.id, activate) };
    });
    return { app: await get(id), credential };
  }

  /** What a data source holds goes to the app's LLMs: one of them must be trusted with it. */
  async function checkPrivacy(tx: Tx, resources: Resources): Promise<void> {
    const { llms, datasources } = await store.privacyScores(tx, resources);
    if (datasources === null || (llms !== null && llms >= datasources)) return;
    const found = llms === null ? "the app has no LLM" : `the highest of the app's LLMs is ${llms}`;
    const message = `must not need more privacy than the LLMs give: the highest privacy score here is ${datasources}, ${found}`;
    throw new AppError({
      code: "privacy_score_mismatch",
      message,
      issues: [{ field: "datasource_ids", message }],
      meta: { datasource_privacy_score: datasources, llm_privacy_score: llms },
    });
  }

  async function remove(actor: Actor, id: number): Promise<void> {
    const app = await get(id);
    await change(id, async (tx) => {
      await credentials.recordDeletion(tx, actor, await credentials.lockAll(tx, { appId: id }));
      await store.delete(tx, id);
      await record(tx, { kind: "app", action: "deleted", id, actor, changes: { name: app.name } });
    });
  }

  return {
    list: (query: ListQuery, filters: AppFilters) => store.list(query, filters),
    count: (filters: AppFilters = {}) => store.count(filters),
    get,

    async getByName(name: string): Promise<App> {
      const app = await store.find({ name });
      if (!app) throw notFound("App");
      return app;
    },

    /** The active LLMs that an app may call, by name, as its programs see them. */
    async llmsOf(id: number): Promise<AppLlmResource[]> {
      return (await store.llmsOf(id)).map(({ id: llmId, apiEndpoint, ...llm }) => ({
        type: "app-llms" as const,
        id: String(llmId),
        attributes: {
          name: llm.name,
          slug: llm.slug,
          vendor: llm.vendor as AppLlmResource["attributes"]["vendor"],
          default_model: llm.defaultModel,
          short_description: llm.shortDescription,
          endpoint_path: URL.canParse(apiEndpoint) ? new URL(apiEndpoint).pathname : "/",
        },
      }));
    },

    getOwn,

    create,

    /** A person's own app: it waits for an administrator to activate its credential, unless one of their groups is for self-service. */
    async createOwn(actor: Actor, draft: OwnAppDraft): Promise<{ app: App; credential: IssuedCredential }> {
      if ((await store.count({ user_id: actor.userId })) >= maxOwnApps)
        throw conflict(`You have ${maxOwnApps} apps, the most that people create for themselves. Delete one, or ask an administrator.`);
      const { data_source_ids, ...wanted } = draft;
      const own = { ...wanted, datasource_ids: [...new Set([...wanted.datasource_ids, ...data_source_ids])] };
      const unusable = await store.unusable(actor.userId, own);
      if (unusable) throw notForYou(unusable.field, unusable.what);
      return create(actor, {
        ...own,
        user_id: actor.userId,
        is_active: true,
        namespace: "",
        activate: await store.isSelfService(actor.userId),
      });
    },

    isSelfService: (actor: Actor): Promise<boolean> => store.isSelfService(actor.userId),

    /** Another credential of an own app: it works at once where the app has been approved. Its secret is in this answer only. */
    async addOwnCredential(actor: Actor, id: number): Promise<IssuedCredential> {
      const { credentials: issued } = await getOwn(actor, id);
      if (issued.length >= maxOwnCredentials)
        throw conflict(`This app has ${maxOwnCredentials} keys, the most that people create for themselves. Revoke one first.`);
      const isApproved = issued.some(({ active }) => active) || (issued.length === 0 && (await store.isSelfService(actor.userId)));
      return db.transaction(async (tx) => {
        if (!(await store.lock(tx, id))) throw notFound("App");
        return credentials.issue(tx, actor, id, isApproved);
      });
    },

    async revokeOwnCredential(actor: Actor, id: number, credentialId: number): Promise<void> {
      const { credentials: issued } = await getOwn(actor, id);
      if (!issued.some((credential) => credential.id === credentialId)) throw notFound("Credential");
      await credentials.delete(actor, credentialId);
    },

    async deleteOwn(actor: Actor, id: number): Promise<void> {
      await getOwn(actor, id);
      await remove(actor, id);
    },

    async update(actor: Actor, id: number, { namespace, user_id, ...changes }: AppPatch): Promise<App> {
      const current = await get(id);
      if (namespace !== undefined && namespace !== current.namespace)
        throw invalid("namespace", "is read-only after creation; create another app");
      await change(id, async (tx) => {
        await store.update(tx, id, { ...changes, userId: user_id });
        if (changes.llm_ids || changes.datasource_ids)
          await checkPrivacy(tx, {
            llm_ids: changes.llm_ids ?? current.llmIds,
            datasource_ids: changes.datasource_ids ?? current.datasourceIds,
          });
        const changed = { ...changes, ...(user_id ? { user_id } : {}) };
        await record(tx, { kind: "app", action: "updated", id, actor, object: { id, name: current.name, ...changed }, changes: changed });
      });
      return get(id);
    },

    /** Changes one key of the metadata and leaves the others as they are; an undefined value deletes it. */
    async patchMetadata(actor: Actor, id: number, key: string, value: unknown): Promise<App> {
      const { name } = await get(id);
      await change(id, async (tx) => {
        const stored = await store.metadata(tx, id);
        const entries = Object.entries(stored).filter(([other]) => other !== key);
        const metadata = Object.fromEntries(value === undefined ? entries : [...entries, [key, value]]);
        await store.update(tx, id, { metadata });
        await record(tx, { kind: "app", action: "updated", id, actor, object: { id, name, metadata }, changes: { metadata: key } });
      });
      return get(id);
    },

    delete: remove,

    /** Approves the app: the credential that came with it is let in. */
    async activateCredential(actor: Actor, id: number): Promise<void> {
      const app = await get(id);
      await change(id, async (tx) => {
        const [first] = await credentials.lockAll(tx, { appId: id });
        if (!first) throw conflict("This app has no credential: create one first.");
        await credentials.setAll(tx, actor, [first], true);
        await record(tx, { kind: "app", action: "approved", id, actor, object: { id, name: app.name } });
      });
    },

    /** Withdraws the approval: no credential of the app is let in any more. */
    async deactivateCredentials(actor: Actor, id: number): Promise<void> {
      const app = await get(id);
      await change(id, async (tx) => {
        await credentials.setAll(tx, actor, await credentials.lockAll(tx, { appId: id }), false);
        await record(tx, { kind: "app", action: "denied", id, actor, object: { id, name: app.name } });
      });
    },

    /** Begins a new budget period now. */
    async resetBudget(actor: Actor, id: number): Promise<void> {
      const app = await get(id);
      if (app.monthlyBudget === null) throw conflict("This app has no budget to reset: set a monthly budget first.");
      const budget_start_date = now();
      await change(id, async (tx) => {
        await store.update(tx, id, { budget_start_date });
        const object = { id, name: app.name, budget_start_date };
        await record(tx, { kind: "app", action: "updated", id, actor, object, changes: { budget_start_date } });
      });
    },

    async toolsOf(id: number): Promise<AppTool[]> {
      await get(id);
      return store.toolsOf(id);
    },

    async addTool(actor: Actor, id: number, toolId: number): Promise<App> {
      const { name } = await get(id);
      await change(id, async (tx) => {
        if (!(await store.addTool(tx, id, toolId))) throw notFound("Tool");
        await record(tx, { kind: "app", action: "updated", id, actor, object: { id, name }, changes: { tool_added: toolId } });
      });
      return get(id);
    },

    async removeTool(actor: Actor, id: number, toolId: number): Promise<void> {
      const { name } = await get(id);
      await change(id, async (tx) => {
        await store.removeTool(tx, id, toolId);
        await record(tx, { kind: "app", action: "updated", id, actor, object: { id, name }, changes: { tool_removed: toolId } });
      });
    },

    /** Another credential beside those the app has. Its secret is in this answer only. */
    async addCredential(actor: Actor, id: number, { active }: { active: boolean }): Promise<IssuedCredential> {
      await get(id);
      return db.transaction(async (tx) => {
        if (!(await store.lock(tx, id))) throw notFound("App");
        return credentials.issue(tx, actor, id, active);
      });
    },

    /** Part of deleting a user: the apps stay without an owner and their credentials are refused. */
    async orphan(tx: Tx, actor: Actor, userId: number): Promise<void> {
      await credentials.setAll(tx, actor, await credentials.lockAll(tx, { userId }), false);
      const orphaned = await store.orphan(tx, userId);
      await recordAll(
        tx,
        orphaned.map(({ id, name }) => ({
          kind: "app",
          action: "updated",
          id,
          actor,
          object: { id, name, user_id: null, is_orphaned: true },
          changes: { user_id: null, is_orphaned: true },
        })),
      );
    },
  };
}
const notForYou = (field: string, what: string) => {
  const message = `your groups give you no access to ${what}; ask an administrator`;
  return new AppError({ code: "forbidden", message, issues: [{ field, message }] });
};

export type AppService = ReturnType<typeof createAppService>;
