import { fileURLToPath } from "node:url";
import { messageOf } from "@portico/core";
import { newToken } from "@portico/core/tokens";
import { codeHashOf } from "@portico/plugin-host";
import { type DemoFile, readDemoFile, writeDemoFile } from "./file.ts";
import { type Api, createApi, type Item, type Rest } from "./rest.ts";
import { ticketDesk, weather } from "./tool-documents.ts";

export type { Rest } from "./rest.ts";

const email = "demo@portico.local";
const groupName = "Feedback";
const appName = "Demo app";

/** First-party plugins that the demo registers, in the order in which they serve an LLM. */
const bundled = [
  { slug: "llm-validator", name: "LLM validator", config: { require_description: false }, servesLlms: false },
  { slug: "portal-feedback", name: "Portal feedback", servesLlms: false },
  { slug: "request-enricher", name: "Request enricher", servesLlms: true },
  { slug: "response-modifier", name: "Response modifier", servesLlms: true },
];

const checkout = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");
const programOf = (slug: string) => `${checkout}/plugins/${slug}/plugin.ts`;
const commandOf = (slug: string) => `file://${programOf(slug)}`;
const slugIn = (command: string) => /^file:\/\/.*\/plugins\/([^/]+)\/plugin\.ts$/.exec(command)?.[1];

export type DemoOptions = {
  rest: Rest;
  /** Where `demo-app.json` is. */
  file: string;
  vendorUrl: string;
  gatewayUrl: string;
  /** Takes one sentence at a time. */
  report(sentence: string): void;
};

/**
 * Fills an empty installation with something to try, through the REST API: two LLMs and two tools of the demo vendor, the first-party plugins, a portal
 * user and an app. Leaves every other installation alone, and finishes what was interrupted. In one that it has filled it follows the
 * checkout and the vendor to where they are now; what somebody has changed since stays.
 */
const handbook = {
  "travel.md": "# Travel\n\nTrain tickets are reimbursed within a month. Fly only where a train takes longer than six hours.",
  "leave.md": "# Leave\n\nEveryone has thirty days of paid leave a year. Parents take twelve more weeks after a birth or an adoption.",
};

const redactCards = `const payload = tyk.redact_pattern(input.raw_input, "\\\\b(?:\\\\d[ -]?){13,16}\\\\b", "[card]");
if (payload !== input.raw_input) console.log("redacted");
const output = { block: false, payload, message: "" };
`;

export async function seedDemo({ rest, file, vendorUrl, gatewayUrl, report }: DemoOptions): Promise<void> {
  const api = createApi(rest);
  const stored = await readDemoFile(file);
  if (stored && stored.complete !== false) return follow({ api, file, stored, vendorUrl, report });
  if (!stored && !(await isEmpty(api))) return;

  const state: DemoFile = stored ?? {
    gateway_url: gatewayUrl,
    app_id: 0,
    app_name: appName,
    secret: "",
    llms: [],
    portal_email: email,
    portal_password: newToken("demo").slice(0, 24),
    complete: false,
  };
  // The password is kept before it is anybody's, so that an interrupted start can be finished.
  if (!stored) await writeDemoFile(file, state);

  const llms = await seedLlms(api, vendorUrl);
  const plugins: Item[] = [];
  for (const plugin of bundled) {
    const seeded = await seedPlugin(api, plugin).catch((error: unknown) =>
      report(`The demo plugin "${plugin.name}" could not be installed: ${messageOf(error)}`),
    );
    if (seeded) plugins.push(seeded);
  }
  const serving = plugins.filter(({ slug }) => bundled.some((one) => one.slug === slug && one.servesLlms)).map(({ id }) => id);
  for (const llm of llms) await api.send("PUT", `/api/v1/llms/${llm.id}/plugins`, { plugin_ids: serving });
  if ((await api.list("/api/v1/llm-settings?page_size=1")).length === 0)
    await api.create("/api/v1/llm-settings", {
      model_name: "demo-small",
      max_tokens: 400,
      temperature: 0.3,
      system_prompt: "Answer briefly.",
    });
  if ((await api.list("/api/v1/secrets?page_size=1")).length === 0)
    await api.create("/api/v1/secrets", {
      var_name: "DEMO_VENDOR_KEY",
      value: newToken("demo"),
      description: "A key that the demo LLMs could use",
    });
  if ((await api.list("/api/v1/tags?page_size=1")).length === 0) await api.create("/api/v1/tags", { name: "demo" });
  if ((await api.list("/api/v1/datasources?page_size=1")).length === 0) {
    const source = await api.create("/api/v1/datasources", {
      name: "Handbook",
      short_description: "A few pages about working here.",
      tags: ["demo"],
    });
    for (const [file_name, content] of Object.entries(handbook))
      await api.create(`/api/v1/datasources/${source.id}/documents`, { file_name, content });
  }
  if ((await api.list("/api/v1/filters?page_size=1")).length === 0)
    await api.create("/api/v1/filters", {
      name: "Redact card numbers",
      description: "Replaces what looks like the number of a credit card.",
      script: Buffer.from(redactCards).toString("base64"),
    });
  if ((await api.list("/api/v1/model-routers?page_size=1")).length === 0)
    await api.create("/api/v1/model-routers", {
      name: "Demo models",
      description: "Shares the calls for any model between the demo's LLMs.",
      pools: [{ name: "all", model_pattern: "*", vendors: llms.map(({ id }) => ({ llm_id: id })) }],
    });
  const tools = await seedTools(api, vendorUrl);
  const userId = await seedPortalUser(api, state.portal_password);
  // The secret of an app that an interrupted start left is lost.
  for (const left of await api.list(`/api/v1/apps?q=${encodeURIComponent(appName)}`))
    if (left.name === appName) await api.send("DELETE", `/api/v1/apps/${left.id}`);
  const app = await api.create("/api/v1/apps", {
    name: appName,
    description: "Calls the demo LLMs",
    user_id: userId,
    llm_ids: llms.map(({ id }) => id),
    tool_ids: tools.map(({ id }) => id),
    activate: true,
  });
  await writeDemoFile(file, {
    ...state,
    app_id: app.id,
    secret: (app.credential as { secret: string }).secret,
    llms: llms.map((llm) => ({
      id: llm.id,
      name: String(llm.name),
      slug: String(llm.slug),
      vendor: String(llm.vendor),
      model: String(llm.default_model),
    })),
    complete: true,
    wrote: {
      endpoints: Object.fromEntries(llms.map(({ id, api_endpoint }) => [id, String(api_endpoint)])),
      commands: Object.fromEntries(plugins.map(({ id, command }) => [id, String(command)])),
      tools: Object.fromEntries(tools.map(({ id, base_url }) => [id, String(base_url)])),
    },
  });
  report("Added the demo to the empty installation.");
}

/** Nothing is there, and nobody but the first administrator. */
async function isEmpty(api: Api): Promise<boolean> {
  const [llms, apps, plugins, users] = await Promise.all([
    api.list("/api/v1/llms?page_size=1"),
    api.list("/api/v1/apps?page_size=1"),
    api.list("/api/v1/plugins?page_size=1"),
    api.list("/api/v1/users?page_size=2"),
  ]);
  return llms.length === 0 && apps.length === 0 && plugins.length === 0 && users.length <= 1;
}

async function seedLlms(api: Api, vendorUrl: string): Promise<Item[]> {
  const drafts = [
    {
      name: "Demo OpenAI",
      vendor: "openai",
      api_endpoint: `${vendorUrl}/v1`,
      short_description: "Speaks OpenAI's chat completions and repeats the prompt",
    },
    {
      name: "Demo Anthropic",
      vendor: "anthropic",
      api_endpoint: vendorUrl,
      short_description: "Speaks Anthropic's messages and repeats the prompt",
    },
  ];
  const left = await api.list("/api/v1/llms");
  const seeded = [];
  for (const draft of drafts) {
    const more = { api_key: "demo-key", default_model: "demo-small", privacy_score: 50 };
    seeded.push(left.find(({ name }) => name === draft.name) ?? (await api.create("/api/v1/llms", { ...draft, ...more })));
  }
  return seeded;
}

async function seedTools(api: Api, vendorUrl: string): Promise<Item[]> {
  const drafts = [
    {
      name: ticketDesk.info.title,
      description: ticketDesk.info.description,
      oas_spec: JSON.stringify(ticketDesk, null, 2),
      base_url: `${vendorUrl}/tools/tickets`,
      auth_schema_name: "deskKey",
      auth_key: "demo-desk-key",
      privacy_score: 40,
    },
    {
      name: "Weather",
      description: "Forecasts for a city. Use it when somebody asks about the weather.",
      oas_spec: weather,
      base_url: `${vendorUrl}/tools/weather`,
    },
  ];
  const left = await api.list("/api/v1/tools?slim=true");
  const seeded = [];
  for (const draft of drafts) seeded.push(left.find(({ name }) => name === draft.name) ?? (await api.create("/api/v1/tools", draft)));
  return seeded;
}

async function seedPlugin(api: Api, { slug, name, config }: (typeof bundled)[number]): Promise<Item> {
  const left = (await api.list("/api/v1/plugins")).find((one) => one.slug === slug);
  const command = commandOf(slug);
  const { id, ui_trusted } = left ?? (await api.create("/api/v1/plugins", { name, slug, command, config, load_immediately: true }));
  // Approved before it is active: its process starts once, with the access it has.
  await api.send("POST", `/api/v1/plugins/${id}/approve-scopes`, { approved: true });
  return api.update(`/api/v1/plugins/${id}`, { is_active: true, ui_trusted });
}

async function seedPortalUser(api: Api, password: string): Promise<number> {
  const left = (await api.list(`/api/v1/users?q=${encodeURIComponent(email)}`)).find((one) => one.email === email);
  if (left) return left.id;
  const groups = await api.list("/api/v1/groups");
  const { id } = groups.find(({ name }) => name === groupName) ?? (await api.create("/api/v1/groups", { name: groupName }));
  return (await api.create("/api/v1/users", { email, name: "Demo user", password, groups: [id] })).id;
}

type Following = { api: Api; file: string; stored: DemoFile; vendorUrl: string; report(sentence: string): void };

/** The checkout or the demo vendor's port may have changed since the demo was made, and the checkout may be a newer one. */
async function follow({ api, file, stored, vendorUrl, report }: Following): Promise<void> {
  const [plugins, llms] = [await api.list("/api/v1/plugins?page_size=100"), await api.list("/api/v1/llms?page_size=100")];
  const wrote = stored.wrote ?? writtenBefore(stored, plugins, llms);
  const moved: string[] = [];
  // Plugins first: they may judge the LLMs.
  for (const plugin of plugins) {
    const slug = slugIn(String(plugin.command));
    if (wrote.commands[plugin.id] !== plugin.command || !slug || !bundled.some((one) => one.slug === slug)) continue;
    try {
      if (plugin.command !== commandOf(slug)) {
        // It is the same part of the product elsewhere: what it was pinned to and trusted with stays.
        const { checksum, ui_trusted } = plugin;
        await api.update(`/api/v1/plugins/${plugin.id}`, { command: commandOf(slug), checksum, ui_trusted });
        wrote.commands[plugin.id] = commandOf(slug);
        moved.push(`${plugin.name} to ${commandOf(slug)}`);
      }
      await approveAgain(api, plugin, slug);
    } catch (error) {
      report(`The demo plugin "${plugin.name}" could not be moved to this checkout: ${messageOf(error)}`);
    }
  }
  for (const llm of llms) {
    const endpoint = String(llm.api_endpoint);
    const to = endpoint.replace(/^http:\/\/127\.0\.0\.1:\d+/, vendorUrl);
    if (wrote.endpoints[llm.id] !== endpoint || to === endpoint) continue;
    try {
      await api.update(`/api/v1/llms/${llm.id}`, { api_endpoint: to });
      wrote.endpoints[llm.id] = to;
      moved.push(`${llm.name} to ${to}`);
    } catch (error) {
      report(`The endpoint of the demo LLM "${llm.name}" could not be updated: ${messageOf(error)}`);
    }
  }
  for (const tool of await api.list("/api/v1/tools?slim=true&page_size=100")) {
    const base = String(tool.base_url);
    const to = base.replace(/^http:\/\/127\.0\.0\.1:\d+/, vendorUrl);
    if (wrote.tools?.[tool.id] !== base || to === base) continue;
    try {
      await api.update(`/api/v1/tools/${tool.id}`, { base_url: to });
      wrote.tools[tool.id] = to;
      moved.push(`${tool.name} to ${to}`);
    } catch (error) {
      report(`The base URL of the demo tool "${tool.name}" could not be updated: ${messageOf(error)}`);
    }
  }
  if (moved.length > 0) report(`Updated the demo to this checkout and its ports: ${moved.join("; ")}.`);
  if (moved.length > 0 || !stored.wrote) await writeDemoFile(file, { ...stored, complete: true, wrote });
}

/** Files of older releases do not say what the demo wrote: what looks as it wrote it counts as its own. */
function writtenBefore(stored: DemoFile, plugins: Item[], llms: Item[]): NonNullable<DemoFile["wrote"]> {
  const isDemoLlm = ({ id, api_endpoint }: Item) =>
    stored.llms.some((one) => one.id === id) && /^http:\/\/127\.0\.0\.1:\d+(\/v1)?$/.test(String(api_endpoint));
  const isDemoPlugin = ({ slug, command }: Item) => slugIn(String(command)) === slug;
  return {
    endpoints: Object.fromEntries(llms.filter(isDemoLlm).map(({ id, api_endpoint }) => [id, String(api_endpoint)])),
    commands: Object.fromEntries(plugins.filter(isDemoPlugin).map(({ id, command }) => [id, String(command)])),
  };
}

/**
 * A newer checkout brings other programs at the same places: they are part of the product, as the ones that were approved. A plugin that
 * somebody denied is left as it is.
 */
async function approveAgain(api: Api, before: Item, slug: string): Promise<void> {
  const isApproved = (before.granted_capabilities as string[]).length > 0;
  if (!isApproved && !before.code_changed) return;
  const path = `/api/v1/plugins/${before.id}`;
  if ((await codeHashOf(programOf(slug))) !== before.code_hash) await api.send("POST", `${path}/validate-and-load`);
  const { code_changed, approval, ui_trusted } = await api.get(path);
  if (!code_changed) return;
  await api.send("POST", `${path}/approve-scopes`, { approved: true, approval, ui_trusted: before.ui_trusted ?? ui_trusted });
}
