import fc from "fast-check";
import { aPlugin, commands } from "../../server/plugins/test/harness.ts";
import { aFile, type Caller, type Studio } from "../../server/testing.ts";
import { ticketDocument } from "../../server/tools/testing.ts";
import type { Operation } from "./requests.ts";
import type { Hints } from "./schema.ts";

export type Kind =
  | "llms"
  | "apps"
  | "credentials"
  | "users"
  | "groups"
  | "model-prices"
  | "catalogues"
  | "data-catalogues"
  | "filters"
  | "llm-settings"
  | "secrets"
  | "tool-catalogues"
  | "model-routers"
  | "tags"
  | "tools"
  | "datasources"
  | "filestore"
  | "plugins"
  | "edges"
  | "api-tokens";
export type Fixtures = Awaited<ReturnType<typeof createFixtures>>;

/** One object of each kind that exists, made again when a request has deleted it, so that requests reach what they aim at. */
export async function createFixtures(
  { call, aUser, runtime }: Studio,
  { vendorKey, pluginSecret }: { vendorKey: string; pluginSecret: string },
) {
  // Far from the small ids that are guessed: nobody deletes the caller, or the token it calls with.
  for (const table of ["users", "api_tokens"])
    await runtime.db.sql.query(`SELECT setval(pg_get_serial_sequence('${table}', 'id'), 424242)`);
  const caller: Caller = await aUser({ isAdmin: true, name: "Caller" });
  const portalUser = await aUser({ name: "Portal user" });
  const running = await aPlugin({ call } as Studio, {
    name: "Running",
    command: commands.probe,
    config: { mode: "allow", api_key: pluginSecret },
  });
  const ids = new Map<Kind, string>();
  let count = 0;

  const drafts: Record<Kind, () => [path: string, body: object]> = {
    llms: () => ["/api/v1/llms", { name: `Model ${++count}`, vendor: "openai", api_key: vendorKey }],
    groups: () => ["/api/v1/groups", { name: `Group ${++count}` }],
    users: () => ["/api/v1/users", { name: "Ana", email: `ana${++count}@portico.test` }],
    apps: () => [
      "/api/v1/apps",
      { name: `App ${++count}`, llm_ids: [Number(ids.get("llms"))], user_id: portalUser.userId, monthly_budget: 5 },
    ],
    credentials: () => [`/api/v1/apps/${ids.get("apps")}/credentials`, {}],
    "model-prices": () => ["/api/v1/model-prices", { model_name: `model-${++count}`, vendor: "openai" }],
    catalogues: () => ["/api/v1/catalogues", { name: `Catalogue ${++count}` }],
    "model-routers": () => [
      "/api/v1/model-routers",
      { name: `Router ${++count}`, pools: [{ name: "all", model_pattern: "*", vendors: [{ llm_id: Number(ids.get("llms")) }] }] },
    ],
    filters: () => ["/api/v1/filters", { name: `filter ${++count}`, script: Buffer.from("return {}").toString("base64") }],
    "llm-settings": () => ["/api/v1/llm-settings", { model_name: `model-${++count}`, temperature: 0.5 }],
    secrets: () => ["/api/v1/secrets", { var_name: `SECRET_${++count}`, value: vendorKey }],
    "tool-catalogues": () => ["/api/v1/tool-catalogues", { name: `Tool catalogue ${++count}` }],
    "data-catalogues": () => ["/api/v1/data-catalogues", { name: `Data catalogue ${++count}` }],
    tags: () => ["/api/v1/tags", { name: `tag ${++count}` }],
    tools: () => ["/api/v1/tools", { name: `Tool ${++count}`, oas_spec: ticketDocument }],
    datasources: () => ["/api/v1/datasources", { name: `Documents ${++count}` }],
    filestore: () => ["/api/v1/filestore", aFile(`notes ${++count}.txt`)],
    plugins: () => ["/api/v1/plugins", { name: `Idle ${++count}`, command: "file:///nonexistent/plugin", hook_type: "post_auth" }],
    edges: () => ["/api/v1/edges", { edge_id: `edge-${++count}` }],
    "api-tokens": () => ["/common/api-tokens", { name: `Token ${++count}` }],
  };

  async function create(kind: Kind): Promise<string> {
    const [path, body] = drafts[kind]();
    const answer = await call("POST", path, body, caller);
    if (answer.status !== 201) throw new Error(`cannot make one of ${kind}: ${answer.status} ${answer.text}`);
    return kind === "edges" ? String(answer.data.attributes.edge_id) : answer.data.id;
  }

  return {
    caller,
    portalUser,
    create,

    async restore(): Promise<void> {
      for (const kind of Object.keys(drafts) as Kind[]) {
        const id = ids.get(kind);
        const isThere =
          kind === "api-tokens"
            ? (await call("GET", "/common/api-tokens", undefined, caller)).list.some((token) => token.id === id)
            : id !== undefined && (await call("GET", `/api/v1/${kind}/${id}`, undefined, caller)).status === 200;
        if (!isThere) ids.set(kind, await create(kind));
      }
    },

    /** Values for the fields and parameters of an operation that name objects. */
    hintsFor({ method, path }: Operation): Hints {
      const idOf = (kind: Kind) => fc.constant(Number(ids.get(kind)));
      const own = /^\/(?:api\/v1|common)\/([a-z-]+)/.exec(path)?.[1] ?? "";
      // Only the plugin that runs answers calls and has files; only the one that does not may be changed or deleted.
      const usesProcess = method === "GET" || path.includes("rpc/");
      const plugin = own === "plugins" && usesProcess ? fc.constantFrom(running.id, Number(ids.get("plugins"))) : idOf("plugins");
      return {
        id: own === "plugins" || path.startsWith("/plugin-") ? plugin : ids.has(own as Kind) ? idOf(own as Kind) : idOf("users"),
        userId: idOf("users"),
        user_id: fc.constantFrom(portalUser.userId, Number(ids.get("users"))),
        group_id: idOf("groups"),
        app_id: idOf("apps"),
        llm_id: idOf("llms"),
        plugin_id: plugin,
        dependency_id: idOf("tools"),
        filestore_id: idOf("filestore"),
        tool_id: idOf("tools"),
        tool_ids: fc.array(idOf("tools"), { maxLength: 2 }),
        datasource_ids: fc.array(idOf("datasources"), { maxLength: 2 }),
        ingestion_id: fc.constant(999_999),
        operation: fc.constantFrom("listTickets", "createTicket", "noSuch"),
        operations: fc.constant(["listTickets"]),
        oas_spec: fc.constant(ticketDocument),
        auth_schema_name: fc.constantFrom("", "apiKey"),
        router_id: idOf("model-routers"),
        filters: fc.array(idOf("filters"), { maxLength: 2 }),
        llm_ids: fc.array(idOf("llms"), { maxLength: 2 }),
        members: fc.array(idOf("users"), { maxLength: 2 }),
        groups: fc.array(idOf("groups"), { maxLength: 2 }),
        plugin_ids: fc.array(idOf("plugins"), { maxLength: 2 }),
        edge_id: method === "POST" && path.endsWith("/edges") ? fc.stringMatching(/^[a-z][a-z0-9]{3,8}$/) : fc.constant(ids.get("edges")),
        email: fc.stringMatching(/^[a-z]{3,8}@[a-z]{3,8}\.test$/),
        method: fc.constantFrom("call", "crash", "hang", "absent"),
        command: fc.constantFrom("file:///nonexistent/plugin", "/dev/null", "file:///etc/passwd"),
        api_endpoint: fc.constantFrom("", "https://api.example.test/v1", "http://127.0.0.1:9/v1"),
        type: fc.constantFrom("gateway", "ai_studio"),
      };
    },
  };
}
