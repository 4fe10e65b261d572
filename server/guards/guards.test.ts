import { hashToken, newToken } from "@portico/core/tokens";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { z } from "zod";
import type { Endpoint } from "../http/endpoint.ts";
import { type Answer, aStudio, type Caller, type Studio } from "../testing.ts";

let studio: Studio;
let user: Caller;
beforeAll(async () => {
  studio = await aStudio();
  user = await studio.aUser();
});
afterAll(() => studio.close());

/** An id that no object has. */
const absentId = "2147483647";
const unsafe = (one: Endpoint) => one.method !== "GET";
const pathOf = (one: Endpoint, id = absentId) =>
  one.path
    .replace(/:keyId\b/g, "00000000-0000-4000-8000-000000000000")
    .replace(/:[a-zA-Z_]*[iI]d\b(\{[^}]*\})?/g, id)
    .replace(/:[a-z_]+(\{[^}]*\})?/gi, "absent")
    .replace(/\*$/, "absent");
const send = (one: Endpoint, as: { token: string } | null, { body, id }: { body?: unknown; id?: string } = {}): Promise<Answer> =>
  studio.call(one.method, pathOf(one, id), one.body ? (body ?? {}) : undefined, as);

/** Runs the check on each endpoint and reports every one that fails by name, not only the first. */
async function every(which: (one: Endpoint) => boolean, check: (one: Endpoint) => Promise<string | undefined>): Promise<void> {
  const chosen = studio.runtime.endpoints.filter(which);
  expect(chosen.length).toBeGreaterThan(0);
  const faults: string[] = [];
  for (const one of chosen) {
    const fault = await check(one);
    if (fault) faults.push(`${one.method} ${one.path}: ${fault}`);
  }
  expect(faults).toEqual([]);
}

const answered = (answer: Answer, status: number, code: string): string | undefined =>
  answer.status === status && answer.errors[0]?.code === code ? undefined : `${answer.status} ${answer.text.slice(0, 300)}`;

describe("every endpoint", () => {
  test("that is not public answers 401 without a credential and with a wrong one", () =>
    every(
      (one) => one.permission !== "public",
      async (one) =>
        answered(await send(one, null), 401, "unauthenticated") ??
        (one.foreignTokens ? undefined : answered(await send(one, { token: "pt_nobody-has-this-one" }), 401, "unauthenticated")),
    ));

  test("for administrators answers 403 to everybody else, before it looks at the input", () =>
    every(
      (one) => one.permission !== "public" && one.permission !== "user",
      async (one) => answered(await send(one, user, { body: "{not json" }), 403, "forbidden"),
    ));

  test("that changes something refuses a browser's session without the CSRF token", () =>
    every(
      (one) => unsafe(one) && one.permission !== "public" && one.csrf !== false,
      async (one) => {
        const response = await studio.runtime.application.fetch(
          new Request(`http://studio.test${pathOf(one)}`, { method: one.method, headers: { cookie: `session=${await aSession()}` } }),
        );
        return response.status === 403 && (await response.text()).includes("csrf_failed") ? undefined : `answers ${response.status}`;
      },
    ));

  test("about one object answers 404 when there is none, and 400 when the id is no id", () =>
    every(
      (one) => !one.body && one.permission !== "public" && /:[a-zA-Z_]*[iI]d\b/.test(one.path) && !one.path.includes("/assets/"),
      async (one) => {
        const days = one.query?.safeParse({}).success === false ? "?start_date=2026-01-01&end_date=2026-01-02" : "";
        const absent = await studio.call(one.method, `${pathOf(one)}${days}`);
        if (absent.status !== 404) return `${absent.status} ${absent.text.slice(0, 300)} for an absent id`;
        const nonsense = await studio.call(one.method, one.path.replace(/:[a-zA-Z_]+(\{[^}]*\})?/g, "not-an-id"));
        return nonsense.status === 400 || nonsense.status === 404
          ? undefined
          : `${nonsense.status} ${nonsense.text.slice(0, 300)} for an id that is none`;
      },
    ));

  test("with a body answers 400 invalid_json to what is not JSON", () =>
    every(
      (one) => Boolean(one.body),
      async (one) => answered(await send(one, studio.admin, { body: "{not json", id: "1" }), 400, "invalid_json"),
    ));

  test("with a body of named fields answers 400 unknown_field to any other, naming it", () =>
    every(isStrict, async (one) => {
      const answer = await send(one, studio.admin, { body: { no_such_field: 1 }, id: "1" });
      return (
        answered(answer, 400, "unknown_field") ?? (answer.errors[0]?.field === "no_such_field" ? undefined : "does not name the field")
      );
    }));

  test("with required fields answers 422 when they are missing, naming each", () =>
    every(
      (one) => isStrict(one) && one.body?.safeParse({}).success === false,
      async (one) => {
        const answer = await send(one, studio.admin, { body: {}, id: "1" });
        return answered(answer, 422, "validation_failed") ?? (answer.errors.every((error) => error.field) ? undefined : "names no field");
      },
    ));

  test("answers a method it does not know with 405 in JSON, and names those it does", () =>
    every(
      (one) => one.method === "GET",
      async (one) => {
        const taken = new Set(studio.runtime.endpoints.filter((other) => pathOf(other) === pathOf(one)).map((other) => other.method));
        const free = (["PUT", "DELETE", "PATCH", "POST"] as const).find((method) => !taken.has(method));
        if (!free) return undefined;
        const answer = await studio.call(free, pathOf(one));
        return (
          answered(answer, 405, "method_not_allowed") ?? (answer.headers.get("allow")?.includes("GET") ? undefined : "names no method")
        );
      },
    ));

  test("carries a request id, and is never kept by caches", () =>
    every(
      (one) => one.method === "GET" && one.permission !== "public" && !one.path.includes(":") && one.path !== "/api/v1/events",
      async (one) => {
        const { headers } = await send(one, studio.admin);
        return headers.get("x-request-id") && headers.get("cache-control") === "no-store" ? undefined : "lacks a header";
      },
    ));
});

test("an unrouted path of the API is a 404 in JSON", async () => {
  for (const path of ["/api/v1/nothing", "/api/nothing/at/all", "/common/nothing", "/auth/nothing"]) {
    for (const as of [studio.admin, null]) {
      const answer = await studio.call("GET", path, undefined, as);
      expect(answered(answer, 404, "route_not_found")).toBeUndefined();
    }
  }
});

test("a list refuses a sort, a page and a size that it does not know, naming the parameter", async () => {
  const lists = studio.runtime.endpoints.filter(
    ({ method, path, query }) =>
      method === "GET" &&
      /^\/api\/v1\/[a-z-]+$/.test(path) &&
      /must be one of/.test(query?.safeParse({ sort: "nonsense" }).error?.message ?? ""),
  );
  expect(lists.length).toBeGreaterThan(6);
  for (const query of ["sort=password_hash", "sort=id;drop", "page=0", "page=x", "page_size=0", "page_size=100000"])
    for (const { path: list } of lists) {
      const answer = await studio.call("GET", `${list}?${query}`);
      expect([list, query, answered(answer, 400, "bad_request")]).toEqual([list, query, undefined]);
      expect(answer.errors[0]).toMatchObject({ source: { parameter: query.split("=")[0] } });
    }
});

test("every list answers in each order it offers, on every page, searched or not", async () => {
  const { id } = (await studio.call("POST", "/api/v1/apps", { name: "Sorted" })).data;
  for (const name of ["A 100% new group", "Another"]) await studio.call("POST", "/api/v1/groups", { name });
  const isList = (one: Endpoint) => one.method === "GET" && one.query !== undefined && one.query.safeParse({ page_size: "1" }).success;
  await every(
    (one) => isList(one) && /must be one of/.test(one.query?.safeParse({ sort: "nonsense" }).error?.message ?? ""),
    async (one) => {
      const path = pathOf(one, one.path.startsWith("/api/v1/groups") ? "1" : id);
      const refusal = one.query?.safeParse({ sort: "nonsense" }).error?.issues.find((issue) => issue.path[0] === "sort")?.message ?? "";
      const asked = refusal
        .replace("must be one of ", "")
        .split(", ")
        .flatMap((sort) => ["page=1", "page=2", "q=%25", "q=o&page=2"].map((query) => ({ sort, query })));
      const faults = await Promise.all(
        asked.map(async ({ sort, query }) => {
          const answer = await studio.call("GET", `${path}?page_size=1&sort=${sort}&${query}`);
          if (answer.status !== 200) return `${sort} ${query}: ${answer.status} ${answer.text.slice(0, 300)}`;
          if (answer.list.length === Math.max(0, Math.min(1, answer.meta.total_count - (query.includes("page=2") ? 1 : 0))))
            return undefined;
          return `${sort} ${query}: ${answer.list.length} rows on this page of ${answer.meta.total_count}`;
        }),
      );
      return faults.find(Boolean);
    },
  );
});

type Def = { type?: string; in?: z.core.$ZodType; out?: z.core.$ZodType; catchall?: { _zod: { def: { type: string } } } };

/** Bodies that say which fields they take: all but free JSON handed on to plugins. */
const isStrict = (one: Endpoint): boolean => {
  const strict = (schema: z.core.$ZodType | undefined): boolean => {
    const def = schema?._zod.def as Def | undefined;
    if (def?.type === "pipe") return strict(def.in) || strict(def.out);
    return def?.type === "object" && def.catchall?._zod.def.type === "never";
  };
  return strict(one.body);
};

async function aSession(): Promise<string> {
  const token = newToken("ps");
  await studio.db.prisma.userSession.create({
    data: { userId: studio.admin.userId, tokenHash: hashToken(token), expiresAt: new Date(Date.now() + 60_000) },
  });
  return token;
}
