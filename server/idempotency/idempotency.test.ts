import { afterAll, beforeAll, expect, test } from "vitest";
import { systemActor } from "../auth/actor.ts";
import { record } from "../db/journal.ts";
import { someOfEach } from "../guards/resources.ts";
import { aStudio, type Studio } from "../testing.ts";
import { createIdempotencyStore } from "./store.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

let counter = 0;
const aKey = () => `key-${++counter}`;
const send = (method: string, path: string, body: unknown, key: string, as?: { token: string }) =>
  studio.call(method, path, body, as, { "idempotency-key": key });
const total = async (list: string): Promise<number> => (await studio.call("GET", `/api/v1/${list}`)).meta.total_count;
const table = () => studio.db.prisma.idempotencyKey;

test("a repeated write is carried out once and answered alike, with status, body and headers: POST, PATCH, PUT and DELETE of every resource", async () => {
  for (const { name, path, change } of (await someOfEach(studio)).reverse()) {
    for (const method of ["PATCH", "PUT", "DELETE"]) {
      const body = { PATCH: change, PUT: (await studio.call("GET", path)).data.attributes }[method];
      const key = aKey();
      const first = await send(method, path, body, key);
      expect([name, method, first.status, first.headers.get("idempotency-replayed")]).toEqual([name, method, first.status, null]);
      expect(first.status, `${method} ${name} ${first.text}`).toBeLessThan(300);
      const again = await send(method, path, body, key);
      expect([name, method, again.status, again.text, again.headers.get("etag"), again.headers.get("idempotency-replayed")]).toEqual([
        name,
        method,
        first.status,
        first.text,
        first.headers.get("etag"),
        "true",
      ]);
      expect(again.headers.get("x-request-id")).not.toBe(first.headers.get("x-request-id"));
    }
  }
  const key = aKey();
  const [first, again] = [
    await send("POST", "/api/v1/groups", { name: "Once" }, key),
    await send("POST", "/api/v1/groups", { name: "Once" }, key),
  ];
  expect([again.status, again.text, again.headers.get("etag")]).toEqual([201, first.text, first.headers.get("etag")]);
});

test("the order of a body's fields and its envelope are no difference; another value, path, method or query is 422", async () => {
  const key = aKey();
  const body = { name: "Sorted", members: [1] };
  const { status, text } = await send("POST", "/api/v1/groups", body, key);
  expect(status).toBe(201);
  expect((await send("POST", "/api/v1/groups", { members: [1], name: "Sorted" }, key)).text).toBe(text);
  expect((await send("POST", "/api/v1/groups", { data: { type: "groups", attributes: body } }, key)).text).toBe(text);
  const before = await total("groups");
  for (const [method, path, other] of [
    ["POST", "/api/v1/groups", { ...body, name: "Other" }],
    ["POST", "/api/v1/apps", { name: "Sorted" }],
    ["PATCH", "/api/v1/groups/1", {}],
    ["DELETE", "/api/v1/groups/1", undefined],
    ["POST", "/api/v1/model-prices/1/recalculate?after=5", undefined],
  ] as const) {
    const answer = await send(method, path, other, key);
    expect([path, answer.status, answer.errors[0]?.code]).toEqual([path, 422, "idempotency_key_reused"]);
  }
  expect(await total("groups")).toBe(before);
});

test("a key is its actor's own", async () => {
  const key = aKey();
  const ana = await studio.aUser({ isAdmin: true });
  const ids = [await send("POST", "/api/v1/apps", { name: "same" }, key), await send("POST", "/api/v1/apps", { name: "same" }, key, ana)];
  expect(ids.map((answer) => answer.status)).toEqual([201, 201]);
  expect(ids[0]?.data.id).not.toBe(ids[1]?.data.id);
});

test("of many at once exactly one is carried out; the others are told to come again, and then get its answer", async () => {
  const key = aKey();
  const before = await total("apps");
  const answers = await Promise.all(Array.from({ length: 8 }, () => send("POST", "/api/v1/apps", { name: "raced" }, key)));
  for (const answer of answers.filter(({ status }) => status !== 201)) {
    expect([answer.status, answer.errors[0]?.code]).toEqual([409, "conflict"]);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  }
  expect(await total("apps")).toBe(before + 1);
  const ids = [...answers.filter(({ status }) => status === 201), await send("POST", "/api/v1/apps", { name: "raced" }, key)].map(
    ({ data }) => data.id,
  );
  expect(new Set(ids).size).toBe(1);
});

test("a refused request leaves the key free: what was wrong can be put right", async () => {
  const key = aKey();
  expect((await send("POST", "/api/v1/groups", { name: "Default" }, key)).status).toBe(409);
  expect((await send("POST", "/api/v1/groups", { nam: "x" }, key)).status).toBe(400);
  expect((await send("POST", "/api/v1/groups", { name: "Put right" }, key)).status).toBe(201);
});

test("one-time secrets are in no stored answer; a repetition shows the rest and says what it leaves out", async () => {
  const app = await studio.call("POST", "/api/v1/apps", { name: "crm" });
  const user = await studio.aUser({ email: "ana@acme.test" });
  const creations: [string, unknown, string][] = [
    ["/api/v1/apps", { name: "with secret", activate: true }, "data.attributes.credential.secret"],
    [`/api/v1/apps/${app.data.id}/credentials`, undefined, "data.attributes.secret"],
    [`/api/v1/users/${user.userId}/roll-api-key`, undefined, "data.attributes.api_key"],
    ["/common/api-tokens", { name: "mine" }, "data.attributes.token"],
    ["/api/v1/edges", { edge_id: "planned" }, "data.attributes.token"],
    ["/api/v1/edges/planned/rotate-token", undefined, "data.attributes.token"],
  ];
  const secrets: string[] = [];
  for (const [path, body, place] of creations) {
    const key = aKey();
    const first = await send("POST", path, body, key);
    const at = (json: unknown) => place.split(".").reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], json);
    secrets.push(at(first.json) as string);
    const again = await send("POST", path, body, key);
    expect([path, again.status, at(again.json)]).toEqual([path, first.status, "[redacted]"]);
    expect(again.meta).toMatchObject({ omitted: [place], detail: expect.stringContaining("one-time") });
    expect(again.data.id).toBe(first.data.id);
  }
  expect(secrets.every((secret) => secret.length > 40)).toBe(true);
  const stored = JSON.stringify(await table().findMany());
  expect(secrets.filter((secret) => stored.includes(secret))).toEqual([]);
});

test("a key whose process died is free after its lease, unless something was written: then nobody writes it again", async () => {
  const body = { name: "after a crash" };
  const abandoned = async (row: { leaseUntil: Date; hasWritten: boolean }) => {
    const key = aKey();
    await send("POST", "/api/v1/apps", body, key);
    await table().update({ where: { userId_key: { userId: 1, key } }, data: { ...row, status: null, body: "", requestId: "req_dead" } });
    const before = await total("apps");
    const answer = await send("POST", "/api/v1/apps", body, key);
    return { answer, key, made: (await total("apps")) - before };
  };
  const [past, future] = [new Date(Date.now() - 1000), new Date(Date.now() + 20_000)];
  const running = await abandoned({ leaseUntil: future, hasWritten: false });
  expect([running.answer.status, running.answer.headers.has("retry-after"), running.made]).toEqual([409, true, 0]);
  const dead = await abandoned({ leaseUntil: past, hasWritten: false });
  expect([dead.answer.status, dead.made]).toEqual([201, 1]);
  const lost = await abandoned({ leaseUntil: past, hasWritten: true });
  expect([lost.answer.status, lost.made]).toEqual([409, 0]);
  expect(lost.answer.errors[0]?.detail).toContain("was executed");

  // The first process was only slow: what it still wants to write is rolled back.
  const slow = { ...systemActor("req_dead"), userId: 1, idempotencyKey: dead.key };
  await expect(
    studio.db.transaction(async (tx) => {
      await tx.group.create({ data: { name: "Twice" } });
      await record(tx, { kind: "group", action: "created", id: 1, actor: slow });
    }),
  ).rejects.toMatchObject({ code: "conflict" });
  expect(await studio.db.prisma.group.count({ where: { name: "Twice" } })).toBe(0);
});

test("keys are kept for a day and no longer, are of a certain form, and an actor has no more than its share", async () => {
  const key = aKey();
  await send("POST", "/api/v1/apps", { name: "kept" }, key);
  const { createdAt, expiresAt } = await table().findUniqueOrThrow({ where: { userId_key: { userId: 1, key } } });
  expect(expiresAt.getTime() - createdAt.getTime()).toBeCloseTo(24 * 3600 * 1000, -4);
  await table().update({ where: { userId_key: { userId: 1, key } }, data: { expiresAt: new Date(Date.now() - 1000) } });
  await createIdempotencyStore(studio.db).trim();
  expect(await table().count({ where: { key } })).toBe(0);
  for (const bad of ["", "a b", "ä", "x".repeat(256)])
    expect([bad, (await send("POST", "/api/v1/apps", { name: "kept" }, bad)).status]).toEqual([bad, 400]);

  await studio.db.sql.query(
    `INSERT INTO idempotency_keys (user_id, key, fingerprint, request_id, lease_until, expires_at, status)
     SELECT 1, 'many ' || n, '', '', now(), now() + interval '1 day', 204 FROM generate_series(1, 10000) AS n`,
  );
  const refused = await send("POST", "/api/v1/apps", { name: "one more" }, aKey());
  expect([refused.status, refused.headers.has("retry-after")]).toEqual([429, true]);
});
