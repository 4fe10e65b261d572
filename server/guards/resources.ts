import { aFile, type Studio } from "../testing.ts";
import { ticketDocument } from "../tools/testing.ts";

/** A resource that callers change: where it is, and a change of one of its fields. */
export type Sample = { name: string; path: string; change: Record<string, unknown>; otherChange: Record<string, unknown> };

/** One of each resource that has a PATCH, for tests that hold for all of them. */
export async function someOfEach(studio: Studio): Promise<Sample[]> {
  const made = async (name: string, body: unknown): Promise<string> => {
    const answer = await studio.call("POST", `/api/v1/${name}`, body);
    if (answer.status !== 201) throw new Error(`${name}: ${answer.status} ${answer.text}`);
    return `/api/v1/${name}/${answer.data.id}`;
  };
  const renamed = { change: { name: "Renamed" }, otherChange: { name: "Renamed again" } };
  const group = await made("groups", { name: "Team", members: [1] });
  const llm = await made("llms", {
    name: "Model",
    vendor: "openai",
    api_endpoint: "https://api.openai.com/v1",
    api_key: "sk-kept",
    allowed_models: ["^gpt"],
    monthly_budget: 12.5,
    budget_start_date: "2026-01-31T00:00:00Z",
    privacy_score: 7,
    active: false,
  });
  const app = await studio.call("POST", "/api/v1/apps", {
    name: "crm",
    description: "of sales",
    llm_ids: [Number(llm.split("/").at(-1))],
    monthly_budget: 3,
    metadata: { team: { lead: "Ana" } },
  });
  return [
    { name: "llms", path: llm, ...renamed },
    { name: "apps", path: `/api/v1/apps/${app.data.id}`, ...renamed },
    { name: "groups", path: group, ...renamed },
    {
      name: "users",
      path: await made("users", {
        email: "ana@acme.test",
        name: "Ana",
        password: "a good password",
        is_admin: true,
        notifications_enabled: true,
        groups: [Number(group.split("/").at(-1))],
      }),
      ...renamed,
    },
    {
      name: "plugins",
      path: await made("plugins", {
        name: "Quiet",
        slug: "quiet-one",
        description: "never started",
        command: "file:///usr/bin/true",
        hook_types: ["auth", "post_auth"],
        config: { level: 3 },
      }),
      ...renamed,
    },
    {
      name: "model-prices",
      path: await made("model-prices", { model_name: "gpt-sample", vendor: "openai", cpt: 0.000002, cpit: 0.000001 }),
      change: { cpt: 0.000003 },
      otherChange: { cpt: 0.000004 },
    },
    { name: "catalogues", path: await made("catalogues", { name: "Sales", llm_ids: [Number(llm.split("/").at(-1))] }), ...renamed },
    {
      name: "model-routers",
      path: await made("model-routers", {
        name: "Fast",
        pools: [
          {
            name: "all",
            model_pattern: "*",
            vendors: [{ llm_id: Number(llm.split("/").at(-1)), mappings: [{ source_model: "a", target_model: "b" }] }],
          },
        ],
      }),
      ...renamed,
    },
    {
      name: "filters",
      path: await made("filters", { name: "Redact", script: Buffer.from("return { payload: input.raw_input }").toString("base64") }),
      ...renamed,
    },
    {
      name: "llm-settings",
      path: await made("llm-settings", {
        model_name: "gpt-sample",
        max_tokens: 1000,
        temperature: 0.7,
        stop_words: ["STOP"],
        system_prompt: "Be brief",
        metadata: { team: "x" },
      }),
      change: { temperature: 0.1 },
      otherChange: { temperature: 0.2 },
    },
    {
      name: "secrets",
      path: await made("secrets", { var_name: "SAMPLE_KEY", value: "sk-kept", description: "of the samples" }),
      change: { description: "Changed" },
      otherChange: { description: "Changed again" },
    },
    { name: "tool-catalogues", path: await made("tool-catalogues", { name: "Support", short_description: "Tickets" }), ...renamed },
    { name: "data-catalogues", path: await made("data-catalogues", { name: "Handbooks" }), ...renamed },
    { name: "tags", path: await made("tags", { name: "pii" }), ...renamed },
    {
      name: "filestore",
      path: await made("filestore", aFile("notes.txt")),
      change: { description: "Changed" },
      otherChange: { description: "Changed again" },
    },
    {
      name: "tools",
      path: await made("tools", {
        name: "Tickets",
        description: "of support",
        oas_spec: ticketDocument,
        operations: ["listTickets"],
        auth_key: "tk-kept",
        auth_schema_name: "apiKey",
        privacy_score: 7,
        base_url: "https://tickets.acme.test/v2",
      }),
      ...renamed,
    },
    {
      name: "datasources",
      path: await made("datasources", {
        name: "HR docs",
        short_description: "Policies",
        privacy_score: 40,
        tags: ["hr"],
        db_source_type: "qdrant",
        db_conn_string: "https://qdrant.acme.test",
        db_conn_api_key: "db-kept",
        db_name: "hr",
        embed_vendor: "openai",
        embed_api_key: "embed-kept",
        embed_model: "text-embedding-3-small",
      }),
      ...renamed,
    },
    {
      name: "credentials",
      path: `/api/v1/credentials/${String(app.data.attributes.credential_id)}`,
      change: { active: true },
      otherChange: { active: false },
    },
  ];
}
