import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createOutbound } from "@portico/outbound";
import { afterAll, expect, test } from "vitest";
import { createFilterEngine, createHttpCaller, type FilterInput, type FilterRun, limits } from "./index.ts";
import { faultOfScript } from "./script.ts";

const server = createServer((request, response) => {
  if (request.url === "/large") return void response.end("x".repeat(limits.callChars + 1));
  response.end(JSON.stringify({ method: request.method, path: request.url, token: request.headers["x-token"] }));
}).listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;
const open = createHttpCaller(createOutbound({ allow: "127.0.0.1" }));
const guarded = createHttpCaller(createOutbound());
const timeMs = 700;
const engine = createFilterEngine({
  timeMs,
  host: {
    http: (request, signal) => (request.headers["x-guard"] ? guarded : open).call(request, signal),
    llm: async ({ llmId, settings, prompt, userId }) => `${userId} ${llmId} ${JSON.stringify(settings)} ${prompt}`,
  },
});
afterAll(async () => {
  await engine.close();
  await open.close();
  await guarded.close();
  server.close();
});

const input: FilterInput = {
  raw_input: "Call 555-1234",
  messages: [{ role: "user", content: "Call 555-1234" }],
  vendor_name: "openai",
  model_name: "gpt-4o",
  context: { llm_id: 1 },
  is_chat: false,
  is_response: false,
  is_chunk: false,
  chunk_index: 0,
  current_buffer: "",
  status_code: 0,
};
const caller = { userId: 5 };
const run = (script: string, changes: Partial<FilterInput> = {}) => engine.run(script, { ...input, ...changes }, caller);
const passes = (payload: string) => ({ output: { block: false, payload, message: "" } });
const payloadOf = (expression: string) => `const output = { payload: String(${expression}) };`;
const failureOf = (result: FilterRun) => ("failure" in result ? result.failure : undefined);

test("a script sees the input, writes to the console, and its output is what it declares, assigns or returns", async () => {
  const rewritten = { block: true, payload: "gpt-4o", message: "no", messages: [{ role: "user", content: "hi" }] };
  const object = '{ block: true, payload: input.model_name, message: "no", messages: [{ role: "user", content: "hi", extra: 1 }] }';
  for (const form of [`const output = ${object}`, `let output; output = ${object};`, `output = ${object}`, `return ${object} // end`])
    expect(await run(`console.log("a", { b: 1 });\n${form}`)).toMatchObject({ output: rewritten, console: ['a {"b":1}'] });
});

test("modules do what the modules of the same names did in Tengo", async () => {
  for (const [expression, result] of [
    ['tyk.redact_pattern(input.raw_input, "\\\\d{3}-\\\\d{4}", "[phone]")', "Call [phone]"],
    ['tyk.redact_pattern("a@b", "(?<user>\\\\w+)@(\\\\w+)", "$2 at $1")', "b at a"],
    ['text.re_match("^call", text.to_lower(input.raw_input))', "true"],
    ['text.re_find("(\\\\d+)-(\\\\d+)", input.raw_input)[0][2].text', "1234"],
    ['text.re_find("x", input.raw_input)', "null"],
    ['text.re_split("[,;] ?", "a, b;c")', "a,b,c"],
    ['text.replace("aaaa", "a", "b", 2)', "bbaa"],
    ['text.trim_suffix("a.go", ".go") + text.count("cheese", "e")', "a3"],
    ['fmt.sprintf("%s %d %.2f %v %q %%", "a", 3.7, 1/3, [1], "x")', 'a 3 0.33 [1] "x" %'],
    ["json.encode(json.decode('{\"a\":[1]}'))", '{"a":[1]}'],
    ['tyk.llm(7, { temperature: 0 }, "Hello")', '5 7 {"temperature":0} Hello'],
  ])
    expect(await run(payloadOf(expression as string)), expression).toMatchObject(passes(result as string));
});

test("a script calls other hosts, within the guard, the number of calls and the size of an answer", async () => {
  const url = `http://127.0.0.1:${port}`;
  const call = (path: string, headers = "{}") => `tyk.makeHTTPRequest("POST", "${url}${path}", ${headers}, "body")`;
  expect(await run(payloadOf(`json.decode(${call("/a", '{ "x-token": "t" }')}.response).token + ${call("/b")}.status`))).toMatchObject(
    passes("t200"),
  );
  const refusals: [string, RegExp][] = [
    [call("/a", '{ "x-guard": "1" }'), /leads to 127\.0\.0\.1/],
    [call("/large"), /larger than 1024 KiB/],
    [`Array.from({ length: 6 }, () => ${call("/a")})`, /may make 5 calls/],
    ['tyk.makeHTTPRequest("GET", "file:///etc/passwd")', /http or https URL/],
    ['tyk.makeHTTPRequest("GET", "http://169.254.169.254/latest")', /never called/],
    [call("/a", "[1]"), /headers must be an object/],
    ["tyk.llm('1', {}, 'x')", /llm_id must be/],
    ["tyk.redact_pattern('a', '(a+)+\\\\1', '')", /back-references/],
  ];
  for (const [expression, reason] of refusals) {
    expect(failureOf(await run(payloadOf(expression))), expression).toMatchObject({
      kind: "runtime",
      message: expect.stringMatching(reason),
    });
    expect(await run(`try { ${expression} } catch (error) { output = { payload: "caught" } }`)).toMatchObject(passes("caught"));
  }
});

test("what is wrong with a script or its output is said with its line", async () => {
  for (const [script, kind, message, line] of [
    ["const a = 1;\nconst = 2;", "syntax", /Unexpected token on line 2/, 2],
    ["const a = 1;\n\nmissing.b();", "runtime", /ReferenceError: 'missing' is not defined|missing/, 3],
    ["throw { a: 1 }", "runtime", /\{"a":1\}/, undefined],
    ["const a = 1", "output", /left no output/, undefined],
    ["const output = 5", "output", /must be an object/, undefined],
    ["const output = { block: 'yes' }", "output", /output\.block must be true or false/, undefined],
    ["const output = { payload: {} }", "output", /output\.payload must be text/, undefined],
    ["const output = { messages: [{ role: 'user' }] }", "output", /output\.messages\[0\]/, undefined],
    ["const output = (async () => ({}))(); output.block = 3", "output", /output\.block/, undefined],
  ] as const)
    expect(failureOf(await run(script)), script).toEqual({ kind, message: expect.stringMatching(message), ...(line ? { line } : {}) });
});

test("a Tengo script is recognised and refused with what to write instead, and JavaScript never is", () => {
  for (const tengo of [
    'text := import("text")\noutput := {block: false, payload: input.raw_input, message: ""}',
    'tyk := import("tyk")\nf := func(a) { return a }\nfor i, m in input.messages { if m.role == "user" { } }\noutput := {block: true}',
    "output := {block: false}",
  ])
    expect(faultOfScript(tengo)?.message).toMatch(/^is written in Tengo .*docs\/filters\.md/s);
  for (const script of [
    '// x := 1\nconst output = { message: ":= func(" }',
    "return { block: /:=/.test(input.raw_input) }",
    "label: for (const x of []) break label;",
  ])
    expect(faultOfScript(script)).toBeUndefined();
  expect(faultOfScript("}; let kept = []; return function () {")).toMatchObject({ line: 1 });
  expect(faultOfScript("return ".padEnd(100_000, "("))?.message).toMatch(/at most 64 KiB/);
  expect(faultOfScript(`return ${"(".repeat(30_000)}`)?.message).toMatch(/nested too deeply|stack space/);
});

test("no run leaves anything for the next, of the same script or another", async () => {
  const tampering = [
    "Object.prototype.stolen = 1",
    "Array.prototype.map = () => 'x'",
    "JSON.parse = () => ({})",
    "globalThis.kept = (globalThis.kept ?? 0) + 1",
    "kept = 1",
    "tyk.count = (tyk.count ?? 0) + 1",
    "Object.getPrototypeOf(function* () {}).kept = 1",
    "Object.getPrototypeOf(async () => {}).constructor.kept = 1",
    "[].__proto__.__proto__.constructor = 1",
    "Object.prototype.toString = () => 'x'",
    "Object.setPrototypeOf(Array.prototype, null)",
    "Object.defineProperty(Error.prototype, 'message', { value: 'x' })",
    "(function () {}).constructor.prototype.call = 1",
    "console.log.kept = 1",
    "new Intl.Collator()",
    "process.exit()",
    "require('fs')",
    "import('fs').constructor.kept = 1",
  ];
  for (const script of tampering) expect(failureOf(await run(`${script}; output = {}`)), script).toMatchObject({ kind: "runtime" });
  const counting =
    "function f() { f.count = (f.count ?? 0) + 1; return f.count }\nconst tag = (s) => s; output = { payload: String(f()) + Object.isFrozen(tag``) }";
  for (let i = 0; i < 4; i++) expect(await run(counting)).toMatchObject(passes("1true"));
  const usual =
    'class Refused extends Error { constructor(m) { super(m); this.name = "Refused" } }\nconst o = {}; o.toString = () => "own"; output = { payload: new Refused("x").name + o + Object.keys(o) }';
  expect(await run(usual)).toMatchObject(passes("Refusedowntostring".replace("tos", "toS")));
});

const hostile: [name: string, script: string, kinds: string[]][] = [
  ["an endless loop", "for (;;) {}", ["timeout"]],
  ["an endless loop that catches", "for (;;) { try { for (;;) {} } catch {} finally { continue } }", ["timeout"]],
  ["a pattern that backtracks", "output = { block: /^(a+)+$/.test('a'.repeat(40) + 'b') }", ["timeout"]],
  ["a comparison that never ends", "[3, 2, 1].sort(() => { for (;;) {} })", ["timeout"]],
  ["a getter that never ends", "output = { get payload() { for (;;) {} } }", ["timeout"]],
  ["a proxy for output", "output = new Proxy({}, { get() { for (;;) {} } })", ["timeout"]],
  ["memory without end", "const a = []; for (;;) a.push(new Array(10_000).fill('x'))", ["memory", "runtime", "timeout"]],
  ["text that doubles", "let s = 'x'; for (;;) s += s", ["runtime", "memory"]],
  ["a huge typed array", "new Uint8Array(2 ** 31 - 1)", ["memory", "runtime"]],
  ["deep recursion", "(function f() { f() })()", ["runtime"]],
  ["deep recursion that catches", "(function f() { try { f() } catch { f() } })()", ["timeout", "runtime", "memory"]],
  [
    "a deeply nested value",
    "let a = []; for (let i = 0; i < 100_000; i++) a = [a]; output = { payload: JSON.stringify(a) }",
    ["memory", "runtime", "timeout"],
  ],
  ["a deeply nested text to evaluate", "eval('['.repeat(1e6))", ["memory", "runtime"]],
  ["a huge output", "output = { payload: 'x'.repeat(5 * 1024 * 1024) }", ["output", "memory", "runtime"]],
  ["an output within itself", "const o = {}; o.payload = o; output = o", ["output"]],
  ["endless messages", "output = { messages: { length: 1e9 } }", ["output"]],
  ["a sparse list of messages", "const messages = []; messages.length = 4e9; output = { messages }", ["output"]],
  ["an error that throws when it is read", "throw { toJSON() { throw 1 } }", ["runtime", "memory"]],
  [
    "a pattern for the linear engine that is large",
    "for (;;) tyk.redact_pattern('a'.repeat(1e6), '(a{1,30}){1,30}', 'b')",
    ["timeout", "runtime", "memory"],
  ],
  ["endless logging", "for (;;) console.log('x'.repeat(1e6))", ["timeout", "memory", "runtime"]],
];

test.each(hostile)("%s ends by itself in time, and other scripts are served meanwhile", async (_name, script, kinds) => {
  const startedAt = performance.now();
  const [result, other] = await Promise.all([run(script), run(payloadOf("1 + 1"))]);
  expect(failureOf(result)?.kind, JSON.stringify(failureOf(result))).toBeOneOf(kinds);
  expect(result.console.length).toBeLessThanOrEqual(limits.consoleLines + 1);
  expect(other).toMatchObject(passes("2"));
  // Twice a limit: the other script may stand behind it in the queue of one thread.
  expect(performance.now() - startedAt).toBeLessThan(10 * timeMs);
  expect(await run(payloadOf("2 + 2"))).toMatchObject(passes("4"));
});

test("this process is not held up by scripts that run for as long as they may", async () => {
  const gaps: number[] = [];
  let last = performance.now();
  const beat = setInterval(() => {
    gaps.push(performance.now() - last);
    last = performance.now();
  }, 20);
  await Promise.all([run("for (;;) {}"), run("for (;;) {}")]);
  clearInterval(beat);
  expect(gaps.length).toBeGreaterThan(20);
  expect(Math.max(...gaps)).toBeLessThan(1_500);
});

test("a script that has run before is not compiled again", async () => {
  const script = `const table = ${JSON.stringify(Array.from({ length: 5_000 }, (_, i) => i))}; output = { payload: String(table.length) }`;
  const own = createFilterEngine({ threads: 1 });
  const first = await own.run(script, input, caller);
  const later = await Promise.all(Array.from({ length: 20 }, () => own.run(script, input, caller)));
  const median = later.map(({ durationMs }) => durationMs).sort((a, b) => a - b)[10] as number;
  expect(median).toBeLessThan(first.durationMs);
  await own.close();
});
