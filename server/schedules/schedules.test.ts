import { fileURLToPath } from "node:url";
import { status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { callAs } from "../grpc/testing.ts";
import { aPlugin, dataOf, until } from "../plugins/test/harness.ts";
import { createRuntime } from "../runtime.ts";
import { aStudio, type Studio } from "../testing.ts";
import type { ExecutionView, ScheduleView } from "./contract.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());
afterEach(() => {
  delete process.env.TEST_PLUGIN_SCHEDULES;
});

const command = `file://${fileURLToPath(new URL("./test/tasks-plugin.ts", import.meta.url))}`;
let plugins = 0;

async function aTasksPlugin(declared: object[] = []) {
  process.env.TEST_PLUGIN_SCHEDULES = JSON.stringify(declared);
  const plugin = await aPlugin(studio, { name: `Tasks ${++plugins}`, command });
  const path = `${plugin.path}/schedules`;
  return {
    ...plugin,
    schedules: async () => ((await studio.call("GET", path)).json as { schedules: ScheduleView[] }).schedules,
    create: async (schedule_id: string, more: object = {}) => {
      const made = await studio.call("POST", path, { schedule_id, name: schedule_id, cron: "0 0 1 1 *", ...more });
      if (made.status !== 201) throw new Error(made.text);
      return `${path}/${(made.json as ScheduleView).id}`;
    },
    runs: async () => dataOf(await plugin.rpc("runs")) as { runs: { id: string; config: string }[]; cancelled: number },
    executionsOf: async (schedule: string) =>
      ((await studio.call("GET", `${schedule}/executions`)).json as { executions: ExecutionView[] }).executions,
    path: plugin.path,
  };
}

const ended = (plugin: Awaited<ReturnType<typeof aTasksPlugin>>, schedule: string, count = 1) =>
  until(async () => {
    const executions = await plugin.executionsOf(schedule);
    return executions.length >= count && executions.every(({ status }) => status !== "running") && executions;
  }, 30_000);

test("a schedule of the manifest runs at its times, once for all replicas", async () => {
  const replica = await createRuntime(studio.runtime.env);
  try {
    const plugin = await aTasksPlugin([{ id: "tick", name: "Tick", cron: "* * * * * *", config: { depth: 2 } }]);
    const { id } = await until(async () => (await plugin.schedules())[0]);
    const executions = await until(async () => {
      const list = await plugin.executionsOf(`${plugin.path}/schedules/${id}`);
      return list.length >= 4 && list;
    }, 30_000);
    const due = executions.map(({ due_at }) => due_at);
    expect(new Set(due).size).toBe(due.length);
    expect(executions.filter(({ status }) => status !== "running").every(({ success, error }) => success && error === undefined)).toBe(
      true,
    );
    const view = (await studio.call("GET", `${plugin.path}/schedules/${id}`)).json as ScheduleView;
    expect(view).toMatchObject({ source: "manifest", timezone: "UTC", config: '{"depth":2}', timeout_seconds: 60 });
    expect(Date.parse(view.next_run ?? "")).toBeGreaterThan(Date.parse(view.last_run ?? ""));
    await studio.call("PATCH", plugin.path, { is_active: false });
  } finally {
    await replica.close();
  }
}, 90_000);

test("what an administrator sets stays when the manifest is read again, and the manifest's other changes come", async () => {
  const plugin = await aTasksPlugin([{ id: "report", name: "Report", cron: "0 9 * * *" }]);
  const first = await until(async () => (await plugin.schedules())[0]);
  const path = `${plugin.path}/schedules/${first.id}`;
  const changed = await studio.call("PUT", path, { enabled: false, cron: "0 10 * * *" });
  expect(changed.json).toMatchObject({ enabled: false, cron_expr: "0 10 * * *", edited_fields: ["cron_expr", "enabled"] });
  expect(changed.json).not.toHaveProperty("next_run");
  expect(await studio.call("DELETE", path)).toMatchObject({ status: 409 });

  await studio.db.sql.query(`UPDATE plugins SET manifest = jsonb_set(manifest, '{schedules}', $1) WHERE id = $2`, [
    JSON.stringify([{ id: "report", name: "Daily report", cron: "0 8 * * *", enabled: true }]),
    plugin.id,
  ]);
  await studio.call("PATCH", plugin.path, { description: "read again" });
  await until(async () => (await plugin.schedules())[0]?.name === "Daily report");
  expect((await plugin.schedules())[0]).toMatchObject({ enabled: false, cron_expr: "0 10 * * *" });

  await studio.db.sql.query("UPDATE plugins SET manifest = manifest - 'schedules' WHERE id = $1", [plugin.id]);
  await studio.call("PATCH", plugin.path, { description: "and again" });
  await until(async () => (await plugin.schedules()).length === 0);
});

test("a schedule that is run now reaches the plugin with its configuration, and its regular time stays", async () => {
  const plugin = await aTasksPlugin();
  const path = await plugin.create("now", { config: { retention_days: 7 } });
  const before = (await studio.call("GET", path)).json as ScheduleView;
  const { status: answered, json } = await studio.call("POST", `${path}/run`);
  expect(answered).toBe(202);
  const [execution] = await ended(plugin, path);
  expect(execution).toMatchObject({
    id: (json as { execution_id: number }).execution_id,
    trigger: "manual",
    status: "completed",
    success: true,
  });
  expect((await plugin.runs()).runs).toEqual([expect.objectContaining({ id: "now", config: '{"retention_days":7}' })]);
  expect(await studio.call("GET", path)).toMatchObject({ json: { next_run: before.next_run, last_status: "completed" } });
  expect((await studio.call("GET", `${path}/executions`)).json).toMatchObject({
    total_count: 1,
    success_count: 1,
    success_rate: 100,
    limit: 50,
    offset: 0,
  });
  const history = (await studio.call("GET", `/api/v1/audit-log?object_type=plugin_schedule&object_id=${before.id}`)).list;
  expect(history.map(({ attributes }) => attributes.action)).toEqual(["plugin_schedule.updated", "plugin_schedule.created"]);
});

test("a run past its deadline is cancelled in the plugin, and a second one does not begin meanwhile", async () => {
  const plugin = await aTasksPlugin();
  const path = await plugin.create("hangs", { timeout_seconds: 1 });
  await studio.call("POST", `${path}/run`);
  expect(await studio.call("POST", `${path}/run`)).toMatchObject({
    status: 409,
    errors: [{ detail: expect.stringContaining("is running already") }],
  });
  const [execution] = await ended(plugin, path);
  expect(execution).toMatchObject({ status: "timeout", error: "It did not finish within 1 s." });
  await until(async () => (await plugin.runs()).cancelled === 1);
});

test("a run that fails, or whose plugin or process ends in the middle of it, is accounted for, and the next one happens", async () => {
  const plugin = await aTasksPlugin();
  const failing = await plugin.create("fails");
  await studio.call("POST", `${failing}/run`);
  expect((await ended(plugin, failing))[0]).toMatchObject({ status: "failed", error: "failed on purpose" });

  const crashing = await plugin.create("crashes");
  await studio.call("POST", `${crashing}/run`);
  expect((await ended(plugin, crashing))[0]).toMatchObject({ status: "failed", error: expect.stringContaining("connection was lost") });
  await plugin.healthy();

  // What a replica that was killed leaves behind.
  const orphaned = await plugin.create("orphaned");
  const id = Number(orphaned.split("/").pop());
  await studio.db.sql.query(
    `INSERT INTO plugin_schedule_executions (plugin_schedule_id, plugin_id, status, trigger, due_at, locked_by, lease_until)
     VALUES ($1, $2, 'running', 'schedule', now(), 'gone', now() - interval '1 s')`,
    [id, plugin.id],
  );
  const [lost] = await ended(plugin, orphaned);
  expect(lost).toMatchObject({ status: "failed", error: "The process that ran it ended before the run did." });
  expect((await studio.call("POST", `${orphaned}/run`)).status).toBe(202);
  expect((await ended(plugin, orphaned, 2))[0]).toMatchObject({ status: "completed" });
}, 60_000);

test("a failed run is retried as often as set; a run that was missed is made up for once, or not at all", async () => {
  const plugin = await aTasksPlugin();
  const retried = await plugin.create("fails-again", { retries: 1 });
  await studio.call("POST", `${retried}/run`);
  await ended(plugin, retried);
  const soon = (await studio.call("GET", retried)).json as ScheduleView;
  expect(Date.parse(soon.next_run ?? "")).toBeLessThan(Date.now() + 60_000);
  await studio.db.sql.query("UPDATE plugin_schedules SET next_run_at = now() WHERE id = $1", [soon.id]);
  await studio.call("PUT", retried, { name: "sooner" });
  expect((await ended(plugin, retried, 2)).map(({ trigger }) => trigger)).toEqual(["retry", "manual"]);
  const regular = (await studio.call("GET", retried)).json as ScheduleView;
  expect(regular.next_run?.slice(4)).toBe("-01-01T00:00:00.000Z");

  for (const [name, catch_up, runs] of [
    ["caught-up", true, 1],
    ["left", false, 0],
  ] as const) {
    const path = await plugin.create(name, { catch_up });
    await studio.db.sql.query("UPDATE plugin_schedules SET next_run_at = now() - interval '3 days' WHERE schedule_id = $1", [name]);
    await studio.call("PUT", path, { name });
    await until(async () => ((await studio.call("GET", path)).json as ScheduleView).next_run?.endsWith("-01-01T00:00:00.000Z"), 30_000);
    expect((await plugin.executionsOf(path)).length, name).toBe(runs);
  }
}, 90_000);

test("a plugin manages its own schedules and no other's, and not what an administrator has set", async () => {
  const plugin = await aTasksPlugin();
  const other = await aTasksPlugin();
  await other.create("theirs");
  const call = (rpc: string, request: object) => callAs(studio.runtime.serviceApi, plugin.id, rpc, request);
  const draft = {
    scheduleId: "minute",
    name: "Minute",
    cronExpr: "* * * * *",
    timezone: "",
    timeoutSeconds: 0,
    configJson: '{"a":1}',
    enabled: true,
  };
  expect(await call("createSchedule", { ...draft, cronExpr: "soon" })).toMatchObject({ code: status.INVALID_ARGUMENT });
  expect(await call("createSchedule", draft)).toMatchObject({
    response: { schedule: { scheduleId: "minute", timezone: "UTC", timeoutSeconds: 60, config: '{"a":1}', nextRun: expect.any(Date) } },
  });
  expect(await call("createSchedule", draft)).toMatchObject({ code: status.ALREADY_EXISTS });
  const [mine] = await plugin.schedules();
  expect(mine).toMatchObject({ source: "plugin" });
  await studio.call("PUT", `${plugin.path}/schedules/${mine?.id}`, { cron_expr: "0 * * * *" });
  expect(await call("updateSchedule", { scheduleId: "minute", cronExpr: "*/5 * * * *", name: "Other" })).toMatchObject({
    response: { schedule: { cronExpr: "0 * * * *", name: "Other" } },
  });
  expect(await call("listSchedules", {})).toMatchObject({ response: { totalCount: 1 } });
  expect(await call("getSchedule", { scheduleId: "theirs" })).toMatchObject({ code: status.NOT_FOUND });
  expect(await call("deleteSchedule", { scheduleId: "minute" })).toMatchObject({ response: { success: true } });
  expect(await plugin.schedules()).toEqual([]);
});

test("bad input is refused by field", async () => {
  const { path } = await aTasksPlugin();
  const post = (body: object) => studio.call("POST", `${path}/schedules`, body);
  const field = async (body: object) =>
    (await post({ schedule_id: "x", name: "X", cron: "@daily", ...body })).errors.map((error) => error.field);
  expect(await field({ cron: "nonsense" })).toEqual(["cron"]);
  expect(await field({ timezone: "Mars/X" })).toEqual(["timezone"]);
  expect(await field({ timeout_seconds: 0 })).toEqual(["timeout_seconds"]);
  expect(await field({ config: [] })).toEqual(["config"]);
  expect((await post({})).errors.map(({ field }) => field).sort()).toEqual(["cron", "name", "schedule_id"]);
  expect((await post({ schedule_id: "x", name: "X", cron: "@daily" })).status).toBe(201);
  expect(await post({ schedule_id: "x", name: "X", cron: "@daily" })).toMatchObject({ status: 409, errors: [{ field: "schedule_id" }] });
  expect((await studio.call("GET", "/api/v1/plugins/999999/schedules")).status).toBe(404);
  expect((await studio.call("GET", `${path}/schedules/999999`)).status).toBe(404);
});
