import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";
import { type Sample, someOfEach } from "./resources.ts";

let studio: Studio;
let samples: Sample[];
beforeAll(async () => {
  studio = await aStudio();
  samples = await someOfEach(studio);
});
afterAll(() => studio.close());

const tagOf = async (path: string): Promise<string> => (await studio.call("GET", path)).headers.get("etag") ?? "";
const send = (method: string, path: string, body: unknown, headers: Record<string, string>, as?: { token: string }) =>
  studio.call(method, path, body, as, headers);

test("every resource that has a PATCH is tried here", () => {
  const changeable = studio.runtime.endpoints.filter(({ method, path }) => method === "PATCH" && /^\/api\/v1\/[a-z-]+\/:id$/.test(path));
  expect(changeable.map(({ path }) => path.split("/")[3]).sort()).toEqual(samples.map(({ name }) => name).sort());
});

test("a resource has a strong ETag that stays while the resource does, and every change gives it another, which the change's answer shows", async () => {
  for (const { name, path, change } of samples) {
    const first = await tagOf(path);
    expect([name, first]).toEqual([name, expect.stringMatching(/^"\d+-[\w-]{16}"$/)]);
    expect([name, await tagOf(path)]).toEqual([name, first]);
    const changed = await studio.call("PATCH", path, change);
    expect([name, changed.status]).toEqual([name, 200]);
    expect(changed.headers.get("etag"), name).not.toBe(first);
    expect([name, await tagOf(path)]).toEqual([name, changed.headers.get("etag")]);
  }
});

test("the answer that creates a resource has the ETag that the resource is read with, although it shows secrets that are not read", async () => {
  for (const [list, body] of Object.entries({ apps: { name: "new" }, groups: { name: "new" }, llms: { name: "new", vendor: "openai" } })) {
    const created = await studio.call("POST", `/api/v1/${list}`, body);
    expect(await tagOf(`/api/v1/${list}/${created.data.id}`)).toBe(created.headers.get("etag"));
  }
  const edge = await studio.call("POST", "/api/v1/edges", { edge_id: "planned-1" });
  // What it should serve is built meanwhile; its version stays.
  const versionOf = (tag: string | null) => tag?.split("-")[0];
  expect(versionOf(await tagOf("/api/v1/edges/planned-1"))).toBe(versionOf(edge.headers.get("etag")));
});

test("a write over somebody else's change is 412, changes nothing, and says who changed what when, and which ETag to send", async () => {
  const ana = await studio.aUser({ isAdmin: true, name: "Ana Lopez" });
  for (const { name, path, change, otherChange } of samples) {
    await studio.call("PATCH", path, change);
    const seen = await tagOf(path);
    expect([name, (await send("PATCH", path, otherChange, { "if-match": seen }, ana)).status]).toEqual([name, 200]);
    const now = await studio.call("GET", path);
    for (const [method, body] of [
      ["PATCH", change],
      ["DELETE", undefined],
    ] as const) {
      const refused = await send(method, path, body, { "if-match": seen });
      expect([name, method, refused.status, refused.errors[0]?.code]).toEqual([name, method, 412, "precondition_failed"]);
      expect(refused.headers.get("etag"), name).toBe(now.headers.get("etag"));
      expect(refused.errors[0]?.meta, name).toMatchObject({
        etag: now.headers.get("etag"),
        changed_by: { id: ana.userId, name: "Ana Lopez" },
        changed_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      });
      expect(refused.errors[0]?.detail, name).toContain("Ana Lopez");
    }
    expect((await studio.call("GET", path)).text, name).toBe(now.text);
    expect([name, (await send("PATCH", path, change, { "if-match": `"x", ${now.headers.get("etag")}` })).status]).toEqual([name, 200]);
  }
});

test("If-Match takes *, a tag that a proxy made weak, and nothing that is no list of tags; a tag of nothing matches nothing", async () => {
  const { path, change } = samples[0] as Sample;
  const status = async (header: string) => (await send("PATCH", path, change, { "if-match": header })).status;
  expect(await status("*")).toBe(200);
  expect(await status(`W/${await tagOf(path)}`)).toBe(200);
  expect(await status('"nonsense"')).toBe(412);
  expect(await status("nonsense")).toBe(400);
  expect((await send("PATCH", "/api/v1/llms/2147483647", change, { "if-match": "*" })).status).toBe(404);
  expect((await send("PATCH", path, change, { "if-unmodified-since": "Mon, 01 Jan 2024 00:00:00 GMT" })).status).toBe(412);
  expect((await send("PATCH", path, change, { "if-unmodified-since": new Date(Date.now() + 1000).toUTCString() })).status).toBe(200);
});

test("of many who write at once over the same state exactly one succeeds", async () => {
  for (const { name, path, change, otherChange } of samples) {
    const seen = await tagOf(path);
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, at) => send("PATCH", path, at % 2 ? change : otherChange, { "if-match": seen })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    // A credential is written only where that changes it.
    if (name === "credentials") expect(statuses.filter((status) => status !== 200 && status !== 412)).toEqual([]);
    else expect([name, statuses]).toEqual([name, [200, 412, 412, 412, 412, 412]]);
  }
});

test("what the caller has already is not sent again", async () => {
  for (const { name, path, change, otherChange } of samples) {
    const tag = await tagOf(path);
    const known = await send("GET", path, undefined, { "if-none-match": `"x", W/${tag}` });
    expect([name, known.status, known.text, known.headers.get("etag")]).toEqual([name, 304, "", tag]);
    await studio.call("PATCH", path, change);
    await studio.call("PATCH", path, otherChange);
    expect([name, (await send("GET", path, undefined, { "if-none-match": tag })).status]).toEqual([name, 200]);
  }
});
