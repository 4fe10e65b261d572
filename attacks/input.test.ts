import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createListener } from "../server/http/server.ts";
import { parseManifest } from "../server/plugins/catalog/manifest.ts";
import { until } from "../server/plugins/test/harness.ts";
import { type Answer, aStudio, type Caller, type Studio } from "../server/testing.ts";

// Input that once ended as "500 Internal Server Error", or worse: as a row that could not be read again.
let studio: Studio;
let user: Caller;
let ids = 0;
beforeAll(async () => {
  studio = await aStudio();
  user = await studio.aUser();
});
afterAll(() => studio.close());

const anLlm = async (): Promise<number> =>
  Number((await studio.call("POST", "/api/v1/llms", { name: `Model ${++ids}`, vendor: "openai" })).data.id);
const anApp = async (body: object = {}): Promise<Answer> => studio.call("POST", "/api/v1/apps", { name: `App ${++ids}`, ...body });
const faultOf = ({ status, errors: [error] }: Answer) => [status, error?.status, error?.field];

describe("a date that is none, or that cannot be read back, is never stored", () => {
  const impossible = [
    "-271821-04-20T00:00:00.000Z",
    "+275760-09-13T00:00:00.000Z",
    "+010000-01-01T00:00:00Z",
    "9999-12-31T23:59:59-05:00",
    "0000-12-31T23:59:59Z",
    "0001-01-01T00:00:00+05:00",
    "2026-02-30",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T25:00:00Z",
    "2026-01-01T10:00",
    "1",
    "",
    "tomorrow",
    true,
    0,
    1_700_000_000,
    8.64e15,
    [2026],
    {},
  ];
  const bodies: [method: string, path: () => Promise<string>, field: string, body: object][] = [
    ["POST", async () => "/api/v1/apps", "budget_start_date", { name: "d" }],
    ["PATCH", async () => `/api/v1/apps/${(await anApp()).data.id}`, "budget_start_date", {}],
    ["POST", async () => "/api/v1/llms", "budget_start_date", { name: "d", vendor: "openai" }],
    ["PATCH", async () => `/api/v1/llms/${await anLlm()}`, "budget_start_date", {}],
    ["POST", async () => "/common/api-tokens", "expires_at", { name: "d" }],
  ];
  test.each(bodies)("%s %s", async (method, makePath, field, body) => {
    const path = await makePath();
    for (const value of impossible) {
      const answer = await studio.call(method, path, { ...body, [field]: value });
      expect([value, ...faultOf(answer)]).toEqual([value, 422, "422", field]);
    }
  });

  test("days and instants at either end of what is allowed are kept and shown as they are", async () => {
    for (const [sent, shown] of [
      ["0001-01-01", "0001-01-01T00:00:00.000Z"],
      ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"],
      ["2024-02-29T12:30:00.5+02:00", "2024-02-29T10:30:00.500Z"],
    ]) {
      const app = await anApp({ budget_start_date: sent });
      expect(app.data.attributes.budget_start_date).toBe(shown);
      expect((await studio.call("GET", `/api/v1/apps/${app.data.id}`)).status).toBe(200);
    }
    expect((await studio.call("GET", "/api/v1/apps?all=true")).status).toBe(200);
  });

  test("days of a query are days of the calendar, each fault at its own parameter", async () => {
    for (const list of ["usage", "budget-usage"])
      for (const [start, end, faults] of [
        ["x", "y", ["start_date", "end_date"]],
        ["2026-01-01", "y", ["end_date"]],
        ["0000-01-01", "0001-01-01", ["start_date"]],
        ["9999-12-01", "9999-12-31", ["end_date"]],
        ["2026-02-30", "2026-03-01", ["start_date"]],
        ["2026-03-02", "2026-03-01", ["end_date"]],
      ] as const) {
        const answer = await studio.call("GET", `/api/v1/analytics/${list}?start_date=${start}&end_date=${end}`);
        expect([list, start, end, answer.status, answer.errors.map(({ field }) => field)]).toEqual([list, start, end, 400, faults]);
      }
    expect((await studio.call("GET", "/api/v1/analytics/usage?start_date=9999-12-01&end_date=9999-12-30")).status).toBe(200);
  });
});

describe("what only looks like an id finds nothing", () => {
  test("in a path", async () => {
    const id = await anLlm();
    expect((await studio.call("GET", `/api/v1/llms/${id}`)).status).toBe(200);
    for (const spelling of [`0x${id.toString(16)}`, `${id}e0`, `+${id}`, `${id}.0`, `%20${id}`, `0${id}`, "0", "-1", "2147483648", "1e400"])
      expect([spelling, (await studio.call("GET", `/api/v1/llms/${spelling}`)).status]).toEqual([spelling, 400]);
  });
  test("in a body", async () => {
    for (const user_id of [true, [1], "0x1", "1e0", 1.5, 0, -1, 2 ** 31, 1e300, {}, ""])
      expect([user_id, ...faultOf(await anApp({ user_id }))]).toEqual([user_id, 422, "422", "user_id"]);
    const answer = await studio.call("POST", "/api/v1/groups", { name: "G", members: [1, true] });
    expect(faultOf(answer)).toEqual([422, "422", "members.1"]);
  });
  test("in a query", async () => {
    for (const query of ["page=1e3", "page=0x10", "page_size=+5", "limit=%205", "page=99999999999999999999"])
      expect([query, (await studio.call("GET", `/api/v1/apps?${query}`)).status]).toEqual([query, 400]);
    expect((await studio.call("GET", "/api/v1/apps?llm_id=1e0")).status).toBe(400);
  });
});

test("an id that is named twice counts once", async () => {
  const [llm, group] = [await anLlm(), await studio.call("POST", "/api/v1/groups", { name: "Twice", members: [user.userId, user.userId] })];
  const app = await anApp({ llm_ids: [llm, llm, String(llm)] });
  expect(app.data.attributes.llm_ids).toEqual([llm]);
  expect((await studio.call("PATCH", `/api/v1/apps/${app.data.id}`, { llm_ids: [llm, llm] })).data.attributes.llm_ids).toEqual([llm]);
  expect(group.data.attributes.user_count).toBe(1);
});

describe("an object that is deleted while another is given it is no server error", () => {
  /** Runs both at once, several times: which comes first is left to chance. */
  async function race(prepare: () => Promise<[remove: () => Promise<Answer>, use: () => Promise<Answer>]>): Promise<void> {
    for (let round = 0; round < 10; round++) {
      const [remove, use] = await prepare();
      const [removed, used] = await Promise.all([remove(), use()]);
      expect(removed.status).toBe(204);
      expect([200, 201, 404, 409, 422]).toContain(used.status);
      if (used.status === 422) expect(used.errors[0]?.field).toMatch(/^(llm_ids|groups|user_id)$/);
    }
  }

  test("an LLM that is deleted after it was looked up and before the app is written", async () => {
    const id = await anLlm();
    let creating: Promise<Answer> | undefined;
    await studio.db.prisma.$transaction(async (tx) => {
      await tx.llm.delete({ where: { id } });
      creating = anApp({ llm_ids: [id] });
      await until(async () => (await studio.db.sql.query("SELECT 1 FROM pg_locks WHERE NOT granted")).rows.length > 0);
    });
    expect(faultOf(await (creating as Promise<Answer>))).toEqual([422, "422", "llm_ids"]);
  });

  test("an LLM and a new app", () =>
    race(async () => {
      const id = await anLlm();
      return [() => studio.call("DELETE", `/api/v1/llms/${id}`), () => anApp({ llm_ids: [id] })];
    }));

  test("an LLM and a changed app", () =>
    race(async () => {
      const [id, app] = [await anLlm(), await anApp()];
      return [
        () => studio.call("DELETE", `/api/v1/llms/${id}`),
        () => studio.call("PATCH", `/api/v1/apps/${app.data.id}`, { llm_ids: [id] }),
      ];
    }));

  test("a group and a changed user", () =>
    race(async () => {
      const group = await studio.call("POST", "/api/v1/groups", { name: `Group ${++ids}` });
      return [
        () => studio.call("DELETE", `/api/v1/groups/${group.data.id}`),
        () => studio.call("PATCH", `/api/v1/users/${user.userId}`, { groups: [Number(group.data.id)] }),
      ];
    }));

  test("a user and a new app of theirs", () =>
    race(async () => {
      const { userId } = await studio.aUser();
      return [() => studio.call("DELETE", `/api/v1/users/${userId}`), () => anApp({ user_id: userId })];
    }));
});

test("a failing listener does not turn a committed write into an error", async () => {
  studio.db.onCommit(() => {
    throw new Error("a listener that fails");
  });
  expect((await anApp()).status).toBe(201);
});

test("transactions that wait for each other both succeed", async () => {
  const [a, b] = [Number((await anApp()).data.id), Number((await anApp()).data.id)];
  let arrived = 0;
  let open = () => {};
  const bothHoldOne = new Promise<void>((resolve) => {
    open = resolve;
  });
  const swap = (first: number, second: number) =>
    studio.db.transaction(async (tx) => {
      await tx.app.update({ where: { id: first }, data: { description: `after ${second}` } });
      if (++arrived === 2) open();
      await bothHoldOne;
      await tx.app.update({ where: { id: second }, data: { description: `before ${first}` } });
      return "committed";
    });
  expect(await Promise.all([swap(a, b), swap(b, a)])).toEqual(["committed", "committed"]);
});

test("a manifest that the database cannot keep is refused as the plugin's fault", () => {
  const about = { version: "1.0.0", name: "Deep", capabilities: { hooks: ["post_auth"] } };
  for (const [json, fault] of [
    [`{"id":"a.b","x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, /nested more than 100 levels/],
    [JSON.stringify({ ...about, id: "a.b" }).replace("Deep", "\\ud800"), /surrogate/],
    [JSON.stringify({ ...about, id: "a.b" }).replace("Deep", "\\u0000"), /NUL/],
  ] as const)
    expect(() => parseManifest(json)).toThrow(
      expect.objectContaining({ code: "plugin_invalid", issues: [expect.objectContaining({ message: expect.stringMatching(fault) })] }),
    );
});

test("a list of more than a thousand does not end at a thousand", async () => {
  await studio.db.prisma.app.createMany({ data: Array.from({ length: 1001 }, (_, i) => ({ name: `Many ${i}`, userId: user.userId })) });
  expect((await studio.call("GET", `/api/v1/users/${user.userId}/apps`)).list).toHaveLength(1001);
  const [first, second] = await Promise.all([1, 2].map((page) => studio.call("GET", `/api/v1/apps?all=true&q=Many&page=${page}`)));
  expect([first?.list.length, second?.list.length, second?.meta]).toMatchObject([1000, 1, { total_pages: 2, page_number: 2 }]);
  expect((await studio.call("GET", "/api/v1/apps?limit=3")).list).toHaveLength(3);
});

test("arguments for a plugin that nest without end are refused, not passed on", async () => {
  const deep = `{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
  const answer = await studio.call("POST", "/api/v1/plugins/1/rpc/anything", deep);
  expect([answer.status, answer.errors[0]?.code]).toEqual([400, "invalid_json"]);
});

describe("over the network", () => {
  let port = 0;
  const pages = {
    handle: async () => Promise.reject(new Error("a page was asked")),
    contentSecurityPolicy: () => "",
    close: async () => {},
  };
  const server = createServer((request, response) =>
    createListener({ application: studio.runtime.application, pages, logger: studio.runtime.logger })(request, response),
  );
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => void server.close());

  /** The status line of an answer to bytes as they are. */
  const raw = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => socket.write(text));
      let answer = "";
      socket.on("data", (chunk) => {
        answer += chunk;
        if (answer.includes("\r\n")) socket.end();
      });
      socket.on("close", () => resolve(answer.split("\r\n", 1)[0] ?? ""));
      socket.on("error", reject);
    });

  test("a Host that makes no URL is a bad request, for pages and for the API", async () => {
    for (const path of ["/", "/login", "/health", "/api/v1/llms"])
      for (const host of ["a b", "", "x@y", "x/y", "x?y", "x#y", "[::1", "1.2.3.4.5", "h:99999", "é", "a:b:c"])
        expect([path, host, await raw(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)]).toEqual([
          path,
          host,
          "HTTP/1.1 400 Bad Request",
        ]);
    for (const host of ["localhost", "studio.example:3000", "[::1]:3000", "127.0.0.1"])
      expect([host, await raw(`GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)]).toEqual([host, "HTTP/1.1 200 OK"]);
  });

  test("a target that is no path is a bad request", async () => {
    for (const target of ["*", "http://elsewhere.example/", "x"])
      expect([target, await raw(`OPTIONS ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)]).toEqual([
        target,
        "HTTP/1.1 400 Bad Request",
      ]);
  });
});
