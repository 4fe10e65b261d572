import { status } from "@grpc/grpc-js";
import { createLogger } from "@portico/core/logger";
import { createRateLimit } from "@portico/plugin-services";
import { type Capability, serviceScopes } from "@portico/protocol";
import { AIStudioManagementServiceService } from "@portico/protocol/studio-management";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { aStudio, type Studio } from "../testing.ts";
import { ticketDocument } from "../tools/testing.ts";
import type { Operation } from "./operation.ts";
import { createServiceApi } from "./service-api.ts";
import { aGrantedPlugin, callAs, emptyRequest, type Outcome } from "./testing.ts";
import { unserved } from "./unserved.ts";

// Eighty calls and more in a test.
vi.setConfig({ testTimeout: 60_000 });

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio({ pluginLimits: { callsPerMinute: 100_000 } });
});
afterAll(() => studio.close());

type Entry = Pick<Operation, "rpc" | "scope">;

const entries = (): Entry[] => [...studio.runtime.operations, ...unserved];
const scopesOf = ({ scope }: Entry): readonly string[] => (scope === "none" ? [] : typeof scope === "string" ? [scope] : scope);
const call = (pluginId: number, rpc: string, request: object = {}, api = studio.runtime.serviceApi) => callAs(api, pluginId, rpc, request);
const made = new Map<string, Promise<number>>();
/** The same plugin for the same grants. */
function aPlugin(grants: Capability[]): Promise<number> {
  const key = grants.join();
  const plugin = made.get(key) ?? aGrantedPlugin(studio, grants).then(({ id }) => id);
  made.set(key, plugin);
  return plugin;
}

/** Runs the check on each rpc and reports every one that fails by name, not only the first. */
async function every(rpcs: Entry[], check: (entry: Entry) => Promise<string | undefined>): Promise<void> {
  expect(rpcs.length).toBeGreaterThan(0);
  const faults: string[] = [];
  for (const entry of rpcs) {
    const fault = await check(entry);
    if (fault) faults.push(`${entry.rpc}: ${fault}`);
  }
  expect(faults).toEqual([]);
}

const failed = ({ code, details }: Outcome, wanted: status, text: string) =>
  code === wanted && details.includes(text) ? undefined : `${status[code]} ${details}`;

describe("every rpc of the service API", () => {
  test("is listed once, served or not", () => {
    expect(
      entries()
        .map(({ rpc }) => rpc)
        .sort(),
    ).toEqual(Object.keys(AIStudioManagementServiceService).sort());
  });

  test("answers UNAUTHENTICATED on a socket that belongs to no plugin", () =>
    every(entries(), async ({ rpc }) => failed(await call(2_147_483_647, rpc), status.UNAUTHENTICATED, "plugin authentication required")));

  test("that needs a scope answers PERMISSION_DENIED to a plugin that nothing was approved for, or that was deactivated", async () => {
    const unapproved = await aPlugin(["post_auth", "user.before_create", "rpc:call"]);
    const { id: inactive } = await aGrantedPlugin(studio, Object.keys(serviceScopes), { isActive: false });
    const scoped = entries().filter((entry) => scopesOf(entry).length > 0);
    for (const id of [unapproved, inactive])
      await every(scoped, async ({ rpc }) => failed(await call(id, rpc), status.PERMISSION_DENIED, "service access not authorized"));
  });

  test("that needs a scope is denied to a plugin that has every other scope, naming what is missing", () =>
    every(
      entries().filter((entry) => scopesOf(entry).length > 0),
      async (entry) => {
        const others = Object.keys(serviceScopes).filter((scope) => !scopesOf(entry).includes(scope));
        const outcome = await call(await aPlugin(others), entry.rpc);
        return failed(outcome, status.PERMISSION_DENIED, `insufficient scope: ${scopesOf(entry)[0]}`);
      },
    ));

  test("of a resource that does not exist here says so, once the scope is there", () =>
    every(unserved, async (entry) => {
      const outcome = await call(await aPlugin([...scopesOf(entry)]), entry.rpc);
      return failed(outcome, status.UNIMPLEMENTED, "not") ?? (outcome.details.length > 20 ? undefined : outcome.details);
    }));

  test("counts against the plugin's rate limit before anything is looked up", async () => {
    const limit = createRateLimit(1);
    const api = createServiceApi({
      operations: studio.runtime.operations,
      admit() {
        throw new Error("looked up");
      },
      limit,
      deadlineMs: 1_000,
      observe() {},
      rejectionOf: () => undefined,
      logger: createLogger({ level: "error" }),
    });
    let pluginId = 0;
    await every(entries(), async ({ rpc }) => {
      limit.take(++pluginId, 1);
      return failed(await call(pluginId, rpc, {}, api), status.RESOURCE_EXHAUSTED, "try again in");
    });
  });

  test("refuses text that the database cannot keep, naming the field", async () => {
    const plugin = await aPlugin(Object.keys(serviceScopes));
    const texts = (rpc: string) => Object.entries(emptyRequest(rpc)).flatMap(([field, value]) => (value === "" ? [field] : []));
    await every(
      studio.runtime.operations.filter(({ rpc }) => texts(rpc).length > 0),
      async ({ rpc }) => {
        for (const field of texts(rpc)) {
          const name = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
          const fault = failed(await call(plugin, rpc, { [field]: "a\0b" }), status.INVALID_ARGUMENT, name);
          if (fault) return `${field}: ${fault}`;
        }
        return undefined;
      },
    );
  });

  test("about one object demands its id, and does not find one that is not there", async () => {
    const plugin = await aPlugin(Object.keys(serviceScopes));
    const idField = (rpc: string) =>
      Object.keys(emptyRequest(rpc)).find((field) =>
        ["llmId", "appId", "modelPriceId", "toolId", "datasourceId", "pluginId"].includes(field),
      );
    const valid = { name: "Any", key: "key", value: "{}", configJson: "{}", operationId: "any" };
    // There an id is a filter, and usage outlives what it names.
    const isAnalytics = (entry: Entry) => scopesOf(entry).some((scope) => scope.startsWith("analytics."));
    await every(
      studio.runtime.operations.filter((entry) => idField(entry.rpc) && !entry.rpc.startsWith("list") && !isAnalytics(entry)),
      async ({ rpc }) => {
        const field = idField(rpc) ?? "";
        for (const id of [2_147_483_647, 4_294_967_295]) {
          const fault = failed(await call(plugin, rpc, { ...valid, [field]: id }), status.NOT_FOUND, "not found");
          if (fault) return `${id}: ${fault}`;
        }
        // Without an id, a plugin changes its own settings.
        if (rpc === "updatePluginConfig") return undefined;
        return failed(await call(plugin, rpc, { ...valid, [field]: 0 }), status.INVALID_ARGUMENT, "is required");
      },
    );
  });
});

test("every write leaves an audit entry that names the plugin, and none that failed leaves one", async () => {
  const own = (rpc: string) => rpc.endsWith("PluginKv");
  const writes = studio.runtime.operations.filter(({ rpc }) => /^(clone|create|update|delete|patch|write)/.test(rpc) && !own(rpc));
  expect(studio.runtime.operations.filter(({ audit }) => audit)).toEqual(writes);

  const { id: plugin, name } = await aGrantedPlugin(studio, Object.keys(serviceScopes));
  const actorName = `plugin ${name}`;
  const audit = () => studio.db.prisma.auditEntry.findMany({ where: { actorName }, orderBy: { id: "asc" } });
  const idOf = (outcome: Outcome, what: string) => (outcome.response?.[what] as { id: number } | undefined)?.id ?? 0;
  let last = 0;
  /** Makes the call and holds it to its promise. */
  async function write(rpc: string, request: object, action: string): Promise<Outcome> {
    writes.splice(
      writes.findIndex((one) => one.rpc === rpc),
      1,
    );
    const outcome = await call(plugin, rpc, request);
    expect(outcome, rpc).toMatchObject({ code: status.OK });
    const found = await audit();
    const added = found.slice(last);
    last = found.length;
    expect(
      added.map((entry) => entry.action),
      rpc,
    ).toContain(action);
    for (const { requestId } of added) expect(requestId).toMatch(new RegExp(`^plugin:${plugin}:[0-9a-f]{16}$`));
    return outcome;
  }

  const llmId = idOf(
    await write("createLlm", { name: "Made", vendor: "openai", apiKey: "sk-guard-4711", active: true }, "llm.created"),
    "llm",
  );
  await write("updateLlm", { llmId, shortDescription: "changed", active: true }, "llm.updated");
  await write("updateLlmPlugins", { llmId, pluginIds: [] }, "llm.updated");
  const appId = idOf(await write("createApp", { name: "Made", llmIds: [llmId], userId: 1, metadata: '{"kept":1}' }, "app.created"), "app");
  await write("updateApp", { appId, name: "Renamed", isActive: true, llmIds: [] }, "app.updated");
  await write("patchAppMetadata", { appId, key: "limit", value: '{"rpm":2}' }, "app.updated");
  await write("deleteApp", { appId }, "app.deleted");
  await write("deleteLlm", { llmId }, "llm.deleted");
  const price = await write("createModelPrice", { modelName: "guarded", vendor: "openai", cpt: 0.000_002 }, "model_price.created");
  const modelPriceId = idOf(price, "modelPrice");
  await write("updateModelPrice", { modelPriceId, cpt: 0.000_003, cpit: 0.000_001 }, "model_price.updated");
  await write("deleteModelPrice", { modelPriceId }, "model_price.deleted");
  const schedule = { scheduleId: "guarded", name: "Guarded", cronExpr: "@daily" };
  await write("createSchedule", schedule, "plugin_schedule.created");
  await write("updateSchedule", { scheduleId: "guarded", name: "Renamed" }, "plugin_schedule.updated");
  await write("deleteSchedule", { scheduleId: "guarded" }, "plugin_schedule.deleted");
  const dataCatalogueId = idOf(await write("createDataCatalogue", { name: "guarded" }, "data_catalogue.created"), "dataCatalogue");
  await write("updateDataCatalogue", { dataCatalogueId, name: "renamed" }, "data_catalogue.updated");
  await write("deleteDataCatalogue", { dataCatalogueId }, "data_catalogue.deleted");
  const tagId = idOf(await write("createTag", { name: "guarded" }, "tag.created"), "tag");
  await write("updateTag", { tagId, name: "renamed" }, "tag.updated");
  await write("deleteTag", { tagId }, "tag.deleted");
  const toolId = idOf(await write("createTool", { name: "guarded", oasSpec: ticketDocument }, "tool.created"), "tool");
  await write("updateTool", { toolId, name: "renamed" }, "tool.updated");
  await write("deleteTool", { toolId }, "tool.deleted");
  const filter = await write("createFilter", { name: "guarded", script: "return {}" }, "filter.created");
  const filterId = idOf(filter, "filter");
  await write("updateFilter", { filterId, name: "renamed", description: "", script: "" }, "filter.updated");
  await write("deleteFilter", { filterId }, "filter.deleted");
  const datasourceId = idOf(await write("createDatasource", { name: "guarded" }, "datasource.created"), "datasource");
  await write("updateDatasource", { datasourceId, name: "renamed" }, "datasource.updated");
  await write("cloneDatasource", { sourceDatasourceId: datasourceId }, "datasource.created");
  const values = { metadataFilter: { a: "b" } };
  await write("deleteDocumentsByMetadata", { datasourceId, ...values }, "datasource.updated");
  await write("deleteNamespace", { datasourceId, namespace: "default", confirm: true }, "datasource.updated");
  await write("deleteDatasource", { datasourceId }, "datasource.deleted");
  const inactive = await aGrantedPlugin(studio, [], { isActive: false, configSchema: {} });
  await write("updatePluginConfig", { pluginId: inactive.id, configJson: '{"a":1}' }, "plugin.updated");
  expect(writes).toEqual([]);

  expect(await call(plugin, "createLlm", { name: "", vendor: "openai" })).toMatchObject({ code: status.INVALID_ARGUMENT });
  expect(await call(plugin, "createLlm", { name: "Elsewhere", vendor: "nobody" })).toMatchObject({ code: status.INVALID_ARGUMENT });
  expect(await audit()).toHaveLength(last);
  expect(JSON.stringify(await audit(), (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))).not.toContain("4711");
});
