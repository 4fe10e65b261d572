import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../server/testing.ts";
import { createFixtures, type Fixtures, type Kind } from "./fuzz/fixtures.ts";
import { coverageOf, type Operation, operationsOf, requestsTo, type WireRequest } from "./fuzz/requests.ts";

// Every operation of the OpenAPI document is sent requests that its schemas allow and requests that they do not. The seed is fixed, so
// that a failure of today is one of tomorrow too; PORTICO_FUZZ_SEED and PORTICO_FUZZ_RUNS look elsewhere and longer.
const seed = Number(process.env.PORTICO_FUZZ_SEED ?? 20_260_131);
const runs = Number(process.env.PORTICO_FUZZ_RUNS ?? 25);
/** Far above what any answer takes, far below what a client waits. */
const answerMs = 15_000;

const secrets = {
  vendorKey: "sk-fuzz-vendor-key-0815",
  pluginSecret: "fuzz-plugin-secret-4711",
  secretKey: "a secret key for the fuzzer only",
};
/** What only the inside of the product says. */
const internals = /node_modules|\.(ts|js):\d+:\d+|prisma|SQLSTATE|violates .* constraint|PostgresError|\[object Object\]/i;

let studio: Studio;
let fixtures: Fixtures;
let operations: Operation[];
beforeAll(async () => {
  studio = await aStudio({
    // Nothing listens there: calls that are passed on end in 503.
    env: { PORTICO_GATEWAY_URL: "http://127.0.0.1:9", PORTICO_SECRET_KEY: secrets.secretKey },
  });
  fixtures = await createFixtures(studio, secrets);
  operations = operationsOf((await studio.call("GET", "/api/v1/openapi.json")).json);
});
afterAll(() => studio.close());

type Sent = { status: number; contentType: string; text: string; ms: number };

async function send({ method, path, headers, body }: WireRequest, as: { token: string } = fixtures.caller): Promise<Sent> {
  const startedAt = performance.now();
  const response = await studio.runtime.application.fetch(
    new Request(new URL(path, "http://studio.test"), {
      method,
      headers: { authorization: `Bearer ${as.token}`, ...headers },
      body: body ?? null,
      signal: AbortSignal.timeout(answerMs * 2),
    }),
  );
  const contentType = response.headers.get("content-type") ?? "";
  // A stream of events has no end to wait for.
  if (contentType.startsWith("text/event-stream")) await response.body?.cancel();
  const text = response.bodyUsed ? "" : await response.text();
  return { status: response.status, contentType, text, ms: performance.now() - startedAt };
}

/** 5xx that are an answer about somebody else: the gateway, or a plugin's process. */
function isOfOthers({ path }: WireRequest, { status, text }: Sent): boolean {
  if (![502, 503, 504].includes(status)) return false;
  const code = /"code":"([a-z_]+)"/.exec(text)?.[1] ?? "";
  if (/^\/api\/v1\/llms\/[^/]+\/proxy/.test(path)) return code === "unavailable";
  return /^\/(api\/v1|common)\/plugins/.test(path) && /^plugin_(failed|unavailable|timeout)$/.test(code);
}

/** What is wrong with an answer; undefined when nothing is. */
function faultOf(request: WireRequest, answer: Sent): string | undefined {
  const { status, contentType, text, ms } = answer;
  if (status >= 500 && !isOfOthers(request, answer)) return "is a server error";
  if (ms > answerMs) return `took ${Math.round(ms)} ms`;
  const shown = Object.entries(secrets).find(([, secret]) => text.includes(secret));
  if (shown) return `shows ${shown[0]}`;
  if (status < 400) return undefined;
  if (internals.test(text)) return "shows what is inside";
  if (!contentType.startsWith("application/json")) return `is an error of type "${contentType}"`;
  const { errors } = JSON.parse(text) as { errors?: Record<string, unknown>[] };
  if (!Array.isArray(errors) || errors.length === 0) return "is an error without the envelope";
  for (const error of errors) {
    if (error.status !== String(status)) return `has an error that says status ${error.status}`;
    if (![error.code, error.title, error.detail].every((part) => typeof part === "string" && part !== ""))
      return "has an error without code, title or detail";
  }
  return undefined;
}

const shown = (request: WireRequest, answer: Sent, fault: string): string =>
  [
    `the answer ${fault}: ${answer.status} ${answer.text.slice(0, 300)}`,
    `  ${request.method} ${request.path.slice(0, 500)}`,
    `  ${JSON.stringify(request.headers)}`,
    `  ${request.body?.slice(0, 1000) ?? "(no body)"}`,
  ].join("\n");

/** Sends the operation each value that breaks fields, a few at a time. @returns the first request that broke it. */
async function cover(operation: Operation, turn: number): Promise<{ fault?: string; succeeded: boolean; sent: number }> {
  const requests = coverageOf(operation, fixtures.hintsFor(operation), turn);
  let succeeded = false;
  for (let start = 0; start < requests.length; start += 8) {
    const batch = requests.slice(start, start + 8);
    const answers = await Promise.all(batch.map((request) => send(request)));
    for (const [i, answer] of answers.entries()) {
      succeeded ||= answer.status < 300;
      const request = batch[i] as WireRequest;
      const fault = faultOf(request, answer);
      if (fault) return { succeeded, fault: shown(request, answer, fault), sent: requests.length };
    }
  }
  return { succeeded, sent: requests.length };
}

/** Sends the operation requests until one breaks it. @returns the smallest such request, and whether anything succeeded. */
async function fuzz(operation: Operation, numRuns: number): Promise<{ fault?: string; succeeded: boolean }> {
  let succeeded = false;
  let last = "";
  const result = await fc.check(
    fc.asyncProperty(requestsTo(operation, fixtures.hintsFor(operation)), async (request) => {
      const answer = await send(request);
      succeeded ||= answer.status < 300;
      const fault = faultOf(request, answer);
      if (fault) last = shown(request, answer, fault);
      return fault === undefined;
    }),
    { seed, numRuns, interruptAfterTimeLimit: 20_000 },
  );
  if (!result.failed) return { succeeded };
  const request = result.counterexample?.[0];
  if (!request) return { succeeded, fault: `${operation.method} ${operation.path} was not done within 20 s (seed ${seed})` };
  const answer = await send(request);
  const fault = faultOf(request, answer);
  return { succeeded, fault: `seed ${seed}, ${result.numShrinks} shrinks: ${fault ? shown(request, answer, fault) : last}` };
}

test("no input to any operation ends in a server error, an untrue error or a secret", { timeout: 240_000 }, async () => {
  expect(operations.length).toBe(studio.runtime.endpoints.length);
  const faults: string[] = [];
  const unreached: string[] = [];
  await fixtures.restore();
  for (const [turn, operation] of operations.entries()) {
    const covered = await cover(operation, turn);
    if (operation.method === "DELETE") await fixtures.restore();
    const fuzzed = await fuzz(operation, Math.max(runs - covered.sent, Math.ceil(runs / 3)));
    if (operation.method !== "GET") await fixtures.restore();
    faults.push(...[covered, fuzzed].flatMap(({ fault }) => fault ?? []));
    if (!covered.succeeded && !fuzzed.succeeded) unreached.push(`${operation.method} ${operation.path}`);
  }
  expect(faults.join("\n\n")).toBe("");
  expect((await studio.call("GET", "/common/me", undefined, fixtures.caller)).status, "the caller is still who it was").toBe(200);
  // Requests that are all refused at the door would prove little.
  expect(unreached.length, unreached.join("\n")).toBeLessThan(operations.length / 3);
});

test("no two requests at once end in a server error", { timeout: 60_000 }, async () => {
  await fixtures.restore();
  const faults: string[] = [];
  const patches: [kind: Kind, body: (n: number) => object][] = [
    ["llms", (n) => ({ short_description: `${n}` })],
    ["apps", (n) => ({ description: `${n}`, llm_ids: [] })],
    ["groups", () => ({ members: [fixtures.portalUser.userId] })],
    ["users", (n) => ({ name: `${n}`, groups: [] })],
    ["model-prices", (n) => ({ cpt: n / 1e6 })],
    ["filters", (n) => ({ name: `${n}` })],
    ["tags", (n) => ({ name: `${n}` })],
    ["credentials", (n) => ({ active: n % 2 === 0 })],
    ["plugins", (n) => ({ description: `${n}` })],
  ];
  for (const [kind, patch] of patches) {
    for (let round = 0; round < 5; round++) {
      const id = await fixtures.create(kind);
      const path = `/api/v1/${kind}/${id}`;
      const requests: WireRequest[] = [
        { method: "PATCH", path, headers: {}, body: JSON.stringify(patch(1)) },
        { method: "PATCH", path, headers: {}, body: JSON.stringify(patch(2)) },
        { method: "DELETE", path, headers: {}, body: undefined },
        ...(kind === "llms"
          ? [{ method: "POST", path: "/api/v1/apps", headers: {}, body: JSON.stringify({ name: "x", llm_ids: [Number(id)] }) }]
          : []),
        ...(kind === "users" || kind === "groups"
          ? [
              {
                method: "POST",
                path: `/api/v1/groups/${kind === "groups" ? id : 1}/users`,
                headers: {},
                body: JSON.stringify({ id: kind === "users" ? Number(id) : 1 }),
              },
            ]
          : []),
        { method: "GET", path, headers: {}, body: undefined },
        { method: "DELETE", path, headers: {}, body: undefined },
      ];
      const answers = await Promise.all(requests.map((request) => send(request)));
      for (const [i, answer] of answers.entries()) {
        const request = requests[i] as WireRequest;
        const fault = faultOf(request, answer);
        if (fault) faults.push(shown(request, answer, fault));
      }
      expect(answers.filter((answer, i) => requests[i]?.method === "DELETE" && answer.status === 204)).toHaveLength(1);
    }
  }
  expect(faults.join("\n\n")).toBe("");
});
