import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";
import { createNotificationStore } from "./store.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const path = "/common/api/v1/notifications";
type Row = { ID: number; NotificationID: string; Title: string; Content: string; Read: boolean; UserID: number; Link: string };

test("an app made in the portal is news for administrators who want it, and each reads and marks only their own", async () => {
  const { call, aUser } = studio;
  const admin = await aUser({ isAdmin: true, name: "Ada" });
  const quiet = await aUser({ isAdmin: true, name: "Quiet" });
  const ana = await aUser({ name: "Ana" });
  await call("PATCH", `/api/v1/users/${admin.userId}`, { notifications_enabled: true });
  const app = await call("POST", "/common/apps", { name: "crm" }, ana);
  expect(app.status).toBe(201);
  const own = (await call("GET", path, undefined, admin)).json as Row[];
  expect(own).toEqual([
    expect.objectContaining({
      Title: "Ana created the app crm",
      UserID: admin.userId,
      Read: false,
      DeletedAt: null,
      Type: "app",
      Link: expect.stringMatching(/^\/admin\/apps\/\d+$/),
    }),
  ]);
  expect((await call("GET", path, undefined, quiet)).json).toEqual([]);
  expect((await call("GET", path, undefined, ana)).json).toEqual([]);
  const one = `${path}/${own[0]?.ID}/read`;
  expect((await call("PUT", one, undefined, quiet)).status).toBe(404);
  expect((await call("GET", `${path}/unread/count`, undefined, admin)).json).toEqual({ count: 1 });
  expect((await call("PUT", one, undefined, admin)).status).toBe(204);
  expect((await call("GET", `${path}/unread/count`, undefined, admin)).json).toEqual({ count: 0 });
  await call("POST", "/common/apps", { name: "second" }, ana);
  await call("POST", "/common/apps", { name: "third" }, ana);
  expect(((await call("GET", `${path}?limit=1&offset=1`, undefined, admin)).json as Row[]).map(({ Title }) => Title)).toEqual([
    "Ana created the app second",
  ]);
  await call("PUT", `${path}/read-all`, undefined, admin);
  expect(((await call("GET", path, undefined, admin)).json as Row[]).map(({ Read }) => Read)).toEqual([true, true, true]);
  expect((await call("GET", `${path}?limit=0`, undefined, admin)).status).toBe(400);
});

test("a budget that is spent to 80 and to 100 percent is news once for each, for administrators and the app's owner", async () => {
  const { call, aUser, runtime } = studio;
  const owner = await aUser({ name: "Owner" });
  const app = await call("POST", "/api/v1/apps", { name: "spender", user_id: owner.userId, monthly_budget: 10 });
  const store = createNotificationStore(runtime.db);
  const spend = (dollars: number) =>
    runtime.db.sql.query(
      `INSERT INTO budget_usage (kind, object_id, period_start, spent_micro_usd) VALUES ('app', $1, date_trunc('month', now()), $2)
       ON CONFLICT (kind, object_id, period_start) DO UPDATE SET spent_micro_usd = EXCLUDED.spent_micro_usd`,
      [Number(app.data.id), dollars * 1e6],
    );
  const titles = async () =>
    ((await call("GET", path, undefined, owner)).json as Row[]).map(({ Title, Content, Link }) => [Title, Content, Link]);
  await spend(7.99);
  await store.notifyBudgets([80, 100]);
  expect(await titles()).toEqual([]);
  await spend(8.5);
  for (let i = 0; i < 2; i++) await store.notifyBudgets([80, 100]);
  const first = ["Budget of spender is 80 % spent", "$8.50 of $10.00 spent in this period.", `/portal/apps/${app.data.id}`];
  expect(await titles()).toEqual([first]);
  await spend(10);
  for (let i = 0; i < 2; i++) await store.notifyBudgets([80, 100]);
  expect(await titles()).toEqual([["Budget of spender is spent", expect.stringContaining("Gateways reject"), first[2]], first]);
});
