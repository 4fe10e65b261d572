import { rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { newToken } from "@portico/core/tokens";
import { AppDraft } from "../apps/contract.ts";
import type { AppService } from "../apps/service.ts";
import { systemActor } from "../auth/actor.ts";
import type { Env } from "../env.ts";
import { GroupDraft } from "../groups/contract.ts";
import type { GroupService } from "../groups/service.ts";
import { LlmDraft } from "../llms/contract.ts";
import type { LlmPluginService } from "../llms/llm-plugins.ts";
import type { LlmService } from "../llms/service.ts";
import type { PluginService } from "../plugins/catalog/service.ts";
import { PluginDraft } from "../plugins/contract.ts";
import { UserDraft } from "../users/contract.ts";
import type { UserService } from "../users/service.ts";
import type { DemoStore } from "./store.ts";

const email = "demo@portico.local";
const groupName = "Feedback";
const appName = "Demo app";

/** First-party plugins that the demo registers, in the order in which they serve an LLM. */
const plugins = [
  { slug: "llm-validator", name: "LLM validator", config: { require_description: false }, servesLlms: false },
  { slug: "portal-feedback", name: "Portal feedback", config: undefined, servesLlms: false },
  { slug: "request-enricher", name: "Request enricher", config: undefined, servesLlms: true },
  { slug: "response-modifier", name: "Response modifier", config: undefined, servesLlms: true },
];

const checkout = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** What is written, 0600, to `demo-app.json` in the data folder: the only place that has the secret and the password. */
export type DemoFile = {
  gateway_url: string;
  app_id: number;
  app_name: string;
  secret: string;
  llms: { id: number; name: string; slug: string; vendor: string; model: string }[];
  portal_email: string;
  portal_password: string;
};

export const demoFile = (dataDir: string) => join(dataDir, "demo-app.json");

/**
 * Fills an empty installation with something to try: two LLMs of the demo vendor, the first-party plugins, a portal user and an app.
 * Does nothing on any other, and finishes what was interrupted. A part that fails is logged and does not keep the product from starting.
 */
export async function seedDemo({
  env,
  store,
  llms,
  apps,
  users,
  groups,
  plugins: pluginService,
  llmPlugins,
  logger,
}: {
  env: Pick<Env, "dataDir" | "demoVendorUrl" | "gatewayUrl">;
  store: DemoStore;
  llms: LlmService;
  apps: AppService;
  users: UserService;
  groups: GroupService;
  plugins: Pick<PluginService, "get" | "create" | "approve" | "approveReplaced" | "update">;
  llmPlugins: Pick<LlmPluginService, "replace">;
  logger: Logger;
}): Promise<void> {
  const actor = systemActor("demo");
  const file = demoFile(env.dataDir);

  const drafts = [
    {
      name: "Demo OpenAI",
      vendor: "openai",
      api_endpoint: `${env.demoVendorUrl}/v1`,
      short_description: "Speaks OpenAI's chat completions and repeats what it was told",
    },
    {
      name: "Demo Anthropic",
      vendor: "anthropic",
      api_endpoint: env.demoVendorUrl,
      short_description: "Speaks Anthropic's messages and repeats what it was told",
    },
  ];

  async function seedLlms() {
    const left = await store.left("llms");
    const seeded = [];
    for (const draft of drafts) {
      const id = left.get(draft.name);
      const more = { api_key: "demo-key", default_model: "demo-small", privacy_score: 50 };
      seeded.push(id ? await llms.get(id) : await llms.create(actor, LlmDraft.parse({ ...draft, ...more })));
    }
    return seeded;
  }

  async function seedPlugin({ slug, name, config }: (typeof plugins)[number]): Promise<number | undefined> {
    const command = `file://${checkout}/plugins/${slug}/plugin.ts`;
    try {
      const left = (await store.left("plugins")).get(slug);
      const draft = { name, slug, command, config, load_immediately: true };
      const id = left ?? (await pluginService.create(actor, PluginDraft.parse(draft))).id;
      // Approved before it is active: its process starts once, with the access it has.
      await pluginService.approve(actor, id, { approved: true });
      await pluginService.update(actor, id, { is_active: true });
      return id;
    } catch (error) {
      logger.warn("a demo plugin could not be registered", { plugin: slug, error: messageOf(error) });
      return undefined;
    }
  }

  async function seedPortalUser(password: string): Promise<number> {
    const groupId = (await store.left("groups")).get(groupName) ?? (await groups.create(actor, GroupDraft.parse({ name: groupName }))).id;
    const left = (await store.left("users")).get(email);
    if (left) return left;
    return (await users.create(actor, UserDraft.parse({ email, name: "Demo user", password, groups: [groupId] }))).id;
  }

  async function seed(password: string): Promise<void> {
    const seededLlms = await seedLlms();
    const serving: number[] = [];
    for (const plugin of plugins) {
      const id = await seedPlugin(plugin);
      if (id && plugin.servesLlms) serving.push(id);
    }
    for (const llm of seededLlms) await llmPlugins.replace(actor, llm.id, serving);
    const userId = await seedPortalUser(password);
    const left = (await store.left("apps")).get(appName);
    if (left && (await exists(file))) return;
    // Its secret went with the interrupted start.
    if (left) await apps.delete(actor, left);
    const llmIds = seededLlms.map((llm) => llm.id);
    const { app, credential } = await apps.create(
      actor,
      AppDraft.parse({ name: appName, description: "Calls the demo LLMs", user_id: userId, llm_ids: llmIds, activate: true }),
    );
    await writePrivate(file, {
      gateway_url: env.gatewayUrl,
      app_id: app.id,
      app_name: app.name,
      secret: credential.secret,
      llms: seededLlms.map(({ id, name, slug, vendor, defaultModel }) => ({ id, name, slug, vendor, model: defaultModel })),
      portal_email: email,
      portal_password: password,
    });
  }

  /** Only a plugin that was approved and that is this checkout's own; one that somebody denied or pointed elsewhere is theirs. */
  async function approveAgain(id: number): Promise<void> {
    try {
      const plugin = await pluginService.get(id);
      const isBundled = plugins.some(({ slug }) => plugin.command === `file://${checkout}/plugins/${slug}/plugin.ts`);
      if (isBundled && plugin.approvedCodeHash !== "") await pluginService.approveReplaced(actor, id);
    } catch (error) {
      logger.warn("a demo plugin could not be approved again", { plugin: id, error: messageOf(error) });
    }
  }

  /** The checkout or the demo vendor's port may be another than when the demo was made. What somebody changed since is left alone. */
  async function repair(): Promise<void> {
    // A newer checkout brings other programs at the same place: they are part of the product, as the ones that were approved.
    const made = await store.written("plugin", "command", actor.requestId);
    const moved: string[] = [];
    const move = async (to: string, run: () => Promise<{ name: string } | undefined>) => {
      try {
        const done = await run();
        if (done) moved.push(`${done.name} to ${to}`);
      } catch (error) {
        logger.warn("a part of the demo could not be moved to where it is now", { to, error: messageOf(error) });
      }
    };
    // Plugins first: they may judge the LLMs.
    for (const [id, old] of made) {
      const to = old.replace(/^file:\/\/.*(?=\/plugins\/[^/]+\/plugin\.ts$)/, `file://${checkout}`);
      if (to === old) continue;
      await move(to, async () => {
        const { command, checksum, uiTrusted } = await pluginService.get(id);
        // It is the same part of the product elsewhere: what it was pinned to and trusted with stays.
        return command === old ? pluginService.update(actor, id, { command: to, checksum, ui_trusted: uiTrusted }) : undefined;
      });
    }
    for (const id of made.keys()) await approveAgain(id);
    for (const [id, old] of await store.written("llm", "api_endpoint", actor.requestId)) {
      const to = old.replace(/^http:\/\/127\.0\.0\.1:\d+/, env.demoVendorUrl);
      if (to === old) continue;
      await move(to, async () => ((await llms.get(id)).apiEndpoint === old ? llms.update(actor, id, { api_endpoint: to }) : undefined));
    }
    if (moved.length > 0) logger.info("moved the demo to where it is now", { moved });
  }

  await store.exclusively(async () => {
    let state = await store.state();
    if (state?.done) return repair();
    if (!state && !(await store.isEmpty())) return;
    if (!state) {
      state = { done: false, password: newToken("demo").slice(0, 24) };
      await store.setState(state);
    }
    await seed(state.password);
    await store.setState({ done: true, password: "" });
    logger.info("filled the empty installation with the demo", { file });
  });
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** Readable by the owner alone, and never half written. */
async function writePrivate(file: string, content: DemoFile): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, file);
}
