import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { aStack } from "../packages/testkit/src/index.ts";
import { ensureBuilt } from "../scripts/lib/build-steps.mjs";
import { pinnedNode, root, toolEnv } from "../scripts/lib/paths.mjs";
import { freePort } from "../scripts/lib/postgres.mjs";
import { Stop } from "../scripts/lib/stop.mjs";
import { usedUs } from "./cpu.mjs";
import { startEnvoy, startNginx } from "./others.mjs";
import { benchPlugins } from "./plugins.mjs";

const serverCore = 0;
const loadCore = 1;
const cores = availableParallelism();
const question = {
  model: "bench-model",
  messages: [{ role: "user", content: "How many tokens are enough? Answer in one short sentence." }],
};
const plain = JSON.stringify(question);
const streamed = JSON.stringify({ ...question, stream: true });

/** Measures proxies and the gateway, without and with plugins, in alternating rounds, then the REST list; medians over the rounds. */
export async function runBench({ children, progress, quick }) {
  const pinned = canPin();
  if (!pinned) progress.say("  taskset is not here: servers and load share all cores, so absolute numbers say little and ratios less.");
  // Everything that is started from here inherits the load's core (vendor, load, Postgres, studio); what is measured gets the other.
  if (pinned) execFileSync("taskset", ["-a", "-p", "-c", String(loadCore), String(process.pid)], { stdio: "ignore" });
  const alone = pinned ? ["taskset", "-c", String(serverCore)] : [];
  const rounds = quick ? 3 : 9;
  const seconds = 3;
  const pairs = 4;
  const count = quick ? 500 : 1_500;
  // Until the compiler has seen all of a server's paths, which takes some 50,000 requests.
  const warmUpSeconds = quick ? 10 : 15;
  await ensureBuilt({ children, progress });

  const driver = await startDriver({ children });
  const bare = await startServer({
    children,
    wrap: alone,
    file: "bench/bare-proxy.mjs",
    env: { UPSTREAM: `http://127.0.0.1:${driver.port}` },
  });
  const portkey = await startPortkey({ children, wrap: alone });
  const others = {
    nginx: await startNginx({ children, wrap: alone, vendorPort: driver.port }),
    envoy: await startEnvoy({ children, wrap: alone, vendorPort: driver.port, progress }),
  };
  for (const { missing } of Object.values(others)) if (missing) progress.say(`  ${missing}.`);
  // The gateway pays for all that is its own, shipping of usage included; studio, which receives it, is on the other core.
  const stack = await aStack({ demo: false, wrap: { gateway: alone } });
  try {
    const plugins = benchPlugins();
    if (plugins.length === 1) progress.say("  Go is not installed, so no plugin in Go is measured.");
    const { slug, secret, withPlugins } = await configure(stack, driver.port, plugins);
    const json = { "content-type": "application/json" };
    const throughGateway = (called) => ({
      url: `${stack.gatewayUrl}/llm/call/${called}/v1/chat/completions`,
      headers: { ...json, authorization: `Bearer ${secret}` },
      pid: stack.pid("gateway"),
      isGateway: true,
    });
    const proxied = ({ port, pid }) => ({ url: `http://127.0.0.1:${port}/v1/chat/completions`, headers: json, pid });
    const targets = {
      bare: proxied({ port: bare.port, pid: bare.child.pid }),
      gateway: throughGateway(slug),
      ...Object.fromEntries(withPlugins.map((plugin) => [plugin.name, throughGateway(plugin.slug)])),
      ...Object.fromEntries(Object.entries(others).flatMap(([name, one]) => (one.missing ? [] : [[name, proxied(one)]]))),
      portkey: {
        pid: portkey.pid,
        url: `http://127.0.0.1:${portkey.port}/v1/chat/completions`,
        headers: {
          ...json,
          authorization: "Bearer none",
          "x-portkey-provider": "openai",
          "x-portkey-custom-host": `http://127.0.0.1:${driver.port}/v1`,
        },
      },
    };
    await untilAnswers(targets);
    progress.say("  Idle for ten seconds, for the memory figures.");
    await sleep(10_000);
    const memory = { studioMb: residentMb(stack.pid("studio")), gatewayMb: residentMb(stack.pid("gateway")) };

    const hub = await aHub(stack);
    /** Measures one of the targets; after the gateway it waits until studio has the usage of every call. */
    const load = async (name, job) => {
      await hub.yieldCore(true);
      const { pid, isGateway, ...target } = targets[name];
      const before = usedUs(pid);
      const result = await driver.load({ poll: pinned, ...target, ...job });
      if (isGateway) await hub.settle(result);
      // All that its processes did for these requests, what they did afterwards included.
      return { ...result, cpuUs: (usedUs(pid) - before) / result.answered };
    };
    for (const name of Object.keys(targets)) {
      const step = progress.begin(`Warming ${name} up`);
      await load(name, { mode: "throughput", body: plain, connections: 32, warmUp: 0, seconds: warmUpSeconds });
      step.done();
    }
    const samples = { throughput: {}, latency: {}, firstByte: {} };
    for (let round = 1; round <= rounds; round++) {
      const step = progress.begin(`Round ${round} of ${rounds}`);
      const full = { mode: "throughput", body: plain, connections: 32 };
      // Short and side by side: what disturbs the machine disturbs both.
      for (let pair = 0; pair < pairs; pair++) {
        for (const name of inTurn(["bare", "gateway", ...withPlugins.map((plugin) => plugin.name)], pair)) {
          add(samples.throughput, name, await load(name, { ...full, warmUp: 0.25, seconds: seconds / pairs }));
        }
      }
      for (const name of ["nginx", "envoy", "portkey"])
        if (targets[name]) add(samples.throughput, name, await load(name, { ...full, seconds: name === "portkey" ? seconds : 1 }));
      for (const name of inTurn(["bare", "gateway"], round)) {
        add(samples.latency, name, await load(name, { mode: "latency", body: plain, count }));
        add(samples.firstByte, name, await load(name, { mode: "first-byte", body: streamed, count: Math.ceil(count / 4) }));
      }
      step.done();
    }

    await hub.yieldCore(false);
    const list = await measureList({ stack, load: driver.load, pinned, rounds, warmUpSeconds, seconds, progress });
    const results = summarise(samples, list, memory, await hub.usage());
    await hub.close();
    report({ results, samples, list, memory, pinned, rounds, progress });
    if (results.some((result) => result.ok === false)) process.exitCode = 1;
  } finally {
    for (const { remove } of Object.values(others)) remove?.();
    await stack.close();
  }
}

/** Each turn begins with another server, so that none has always the cooler or the warmer machine. */
function inTurn(entries, turn) {
  const shift = turn % entries.length;
  return [...entries.slice(shift), ...entries.slice(0, shift)];
}

function add(table, name, result) {
  table[name] ??= [];
  table[name].push(result);
}

function median(results) {
  const values = results.map((result) => result.value).sort((a, b) => a - b);
  const middle = Math.floor(values.length / 2);
  return values.length % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

function medianRatio(results, others) {
  return median(results.map((result, at) => ({ value: result.value / others[at].value })));
}

function summarise({ throughput, latency, firstByte }, list, memory, usage) {
  const [bare, gateway, portkey] = ["bare", "gateway", "portkey"].map((name) => median(throughput[name]));
  const row = (what, value, unit, target, ok) => ({ what, value, unit, target, ok });
  // Of two measurements that follow each other: the machine is another one a minute later.
  const overBare = medianRatio(throughput.gateway, throughput.bare);
  const overPortkey = gateway / portkey;
  const added = median(latency.gateway) - median(latency.bare);
  const addedFirst = median(firstByte.gateway) - median(firstByte.bare);
  const listRate = median(list);
  const cpu = (name) => throughput[name].map(({ cpuUs }) => ({ value: cpuUs }));
  const p99 = (name) => throughput[name].map(({ p99Ms }) => ({ value: p99Ms }));
  const isKnown = (name) => throughput[name] !== undefined && Number.isFinite(median(cpu(name)));
  const cpuRows = ["bare", "gateway", "TypeScript", "Go", "nginx", "envoy", "portkey"].filter(isKnown).map((name) => {
    const what = names[name] ?? name;
    return row(`CPU of ${what}`, median(cpu(name)), "us/request", "", undefined);
  });
  const goals = Object.entries({ gateway: 1.2, Go: 2, TypeScript: 2.5 }).filter(([name]) => isKnown(name) && isKnown("bare"));
  const cpuRatios = goals.map(([name, most]) => {
    const ratio = medianRatio(cpu(name), cpu("bare"));
    return row(`CPU of ${names[name]} / bare proxy`, ratio, "", `<= ${most}`, ratio <= most);
  });
  const tail = median(p99("gateway").map(({ value }, at) => ({ value: value - p99("bare")[at].value })));
  const rates = ["nginx", "envoy"].filter((name) => throughput[name]);
  return [
    ...rates.map((name) => row(`${name}, 32 connections`, median(throughput[name]), "requests/s", "", undefined)),
    ...cpuRows,
    ...cpuRatios,
    row("p99 of bare proxy, 32 connections", median(p99("bare")), "ms", "", undefined),
    row("p99 of gateway, 32 connections", median(p99("gateway")), "ms", "", undefined),
    row("p99 of gateway - bare proxy", tail, "ms", "<= 3", tail <= 3),
    row("bare node:http + undici proxy, 32 connections", bare, "requests/s", "", undefined),
    row("gateway, 32 connections", gateway, "requests/s", "", undefined),
    row("Portkey gateway, 32 connections", portkey, "requests/s", "", undefined),
    row("gateway / bare proxy", overBare, "", ">= 0.7", overBare >= 0.7),
    row("gateway / Portkey", overPortkey, "", ">= 5", overPortkey >= 5),
    row("calls answered without usage, or usage without call", usage.wrong, `of ${usage.answered}`, "= 0", usage.wrong === 0),
    row("added median, 1 connection", added, "ms", "< 0.3", added < 0.3),
    row("added time to first byte of a stream", addedFirst, "ms", "< 1", addedFirst < 1),
    row("REST list of 20 LLMs out of 10,000", listRate, "requests/s", ">= 1000", listRate >= 1_000),
    row("idle memory of studio", memory.studioMb, "MB", "", undefined),
    row("idle memory of gateway", memory.gatewayMb, "MB", "", undefined),
  ];
}

const names = {
  bare: "bare proxy",
  gateway: "gateway",
  TypeScript: "gateway and TypeScript plugin",
  Go: "gateway and Go plugin",
  portkey: "Portkey gateway",
};

function report({ results, samples, list, memory, pinned, rounds, progress }) {
  const dir = join(root, "bench", "results");
  mkdirSync(dir, { recursive: true });
  const at = new Date().toISOString();
  const file = join(dir, `${at.replace(/[:.]/g, "-")}.json`);
  const machine = {
    cpu: cpus()[0]?.model ?? "",
    cores,
    node: execFileSync(pinnedNode, ["--version"], { encoding: "utf8" }).trim(),
  };
  writeFileSync(file, `${JSON.stringify({ at, machine, pinned, rounds, results, samples, list, memory }, null, 2)}\n`);
  progress.say(
    `\n  ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}${pinned ? ", each server alone on one core, everything else on the other" : ", not pinned"}; medians of ${rounds} rounds\n`,
  );
  for (const { what, value, unit, target, ok } of results) {
    const shown = value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(value >= 10 ? 1 : 3);
    const verdict = ok === undefined ? "" : ok ? "pass" : "FAIL";
    progress.say(`  ${what.padEnd(50)} ${shown.padStart(9)} ${unit.padEnd(11)} ${target.padEnd(8)} ${verdict}`);
  }
  progress.say(`\n  ${file}`);
}

function canPin() {
  if (cores < 2) return false;
  try {
    execFileSync("taskset", ["-c", `${serverCore},${loadCore}`, "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Starts load and vendor; `load` does one measurement at a time. */
async function startDriver({ children }) {
  let answered = { resolve() {}, reject() {} };
  const { port, child } = await startServer({
    children,
    file: "bench/driver.mjs",
    stdio: ["pipe", "pipe", "pipe"],
    onAnswer({ result, error }) {
      if (error === undefined) answered.resolve(result);
      else answered.reject(new Stop(`The load could not be measured: ${error}`));
    },
  });
  child.exited.then(() => answered.reject(new Stop("bench/driver.mjs ended during a measurement.")));
  child.child.stdin.on("error", () => {});
  const load = (job) =>
    new Promise((resolve, reject) => {
      answered = { resolve, reject };
      child.child.stdin.write(`${JSON.stringify(job)}\n`);
    });
  return { port, load };
}

/** Starts a server that prints its port as JSON; later lines of JSON go to `onAnswer`. */
function startServer({ children, wrap = [], file, env, stdio = ["ignore", "pipe", "pipe"], onAnswer = () => {} }) {
  return new Promise((resolve, reject) => {
    const [command, ...args] = [...wrap, pinnedNode, file];
    const errors = [];
    let listening = false;
    const child = children.start(command, args, {
      name: file,
      cwd: root,
      stdio,
      env: toolEnv(env),
      onLine(line, stream) {
        if (stream === "stderr") errors.push(line);
        else if (!line.startsWith("{")) return;
        else if (listening) onAnswer(JSON.parse(line));
        else {
          listening = true;
          resolve({ ...JSON.parse(line), child });
        }
      },
    });
    child.exited.then(() => reject(new Stop(`${file} ended before it listened.`, { detail: errors.slice(-10) })));
  });
}

async function startPortkey({ children, wrap }) {
  const port = await freePort();
  const [command, ...args] = [
    ...wrap,
    pinnedNode,
    "node_modules/@portkey-ai/gateway/build/start-server.js",
    `--port=${port}`,
    "--headless",
  ];
  const { pid } = children.start(command, args, { name: "portkey", cwd: root, env: toolEnv({ NODE_ENV: "production" }), onLine: () => {} });
  return { port, pid };
}

/** What the gateway must do on every request: authenticate an app, check its model and two budgets, count and price the usage. */
async function configure(stack, vendorPort, plugins) {
  const post = async (path, body, method = "POST") => {
    const response = await fetch(`${stack.studioUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${stack.admin.token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Stop(`POST ${path} answered ${response.status}: ${text.slice(0, 500)}`);
    return JSON.parse(text).data;
  };
  await post("/api/v1/model-prices", { vendor: "openai", model_name: question.model, cpt: 0.000002, cpit: 0.000001 });
  const makeLlm = (name) => ({
    name,
    vendor: "openai",
    api_endpoint: `http://127.0.0.1:${vendorPort}/v1`,
    api_key: "bench-key",
    allowed_models: ["^bench-.*$", "^other$"],
    monthly_budget: 1_000_000,
  });
  const llm = await post("/api/v1/llms", makeLlm("Bench"));
  const ids = [Number(llm.id)];
  const withPlugins = [];
  for (const { name, command, config } of plugins) {
    const slug = `bench-${name.toLowerCase()}`;
    const draft = { name: `Bench ${name}`, slug, command, config, hook_type: "post_auth", is_active: true, plugin_type: "gateway" };
    const plugin = await post("/api/v1/plugins", draft);
    await post(`/api/v1/plugins/${plugin.id}/approve-scopes`, { approved: true });
    const judged = await post("/api/v1/llms", makeLlm(`Bench ${name}`));
    await post(`/api/v1/llms/${judged.id}/plugins`, { plugin_ids: [Number(plugin.id)] }, "PUT");
    ids.push(Number(judged.id));
    withPlugins.push({ name, slug: judged.attributes.slug ?? slug });
  }
  const app = await post("/api/v1/apps", { name: "Bench", llm_ids: ids, monthly_budget: 1_000_000, activate: true });
  return { slug: llm.attributes.slug ?? "bench", secret: app.attributes.credential.secret, withPlugins };
}

/** Studio and its Postgres as the gateway's measurements need them. */
async function aHub(stack) {
  const client = new pg.Client(stack.databaseUrl);
  // Cut off when a failed run drops its database: what failed is the news, not this.
  client.on("error", () => {});
  await client.connect();
  const niceOf = new Map();
  const recorded = async () => Number((await client.query("SELECT coalesce(sum(requests), 0)::bigint AS n FROM usage_minutes")).rows[0].n);
  const recordedBefore = await recorded();
  let asked = 0;
  let answered = 0;
  return {
    /**
     * Lets studio and Postgres run only when the load leaves its core free, or as always. In use they have a machine of their own; here
     * they would take from the load what they need for the gateway's usage and for no other server's.
     */
    async yieldCore(yes) {
      const { rows } = await client.query("SELECT pid FROM pg_stat_activity");
      const backends = rows.map((row) => row.pid);
      const nice = yes ? "19" : "0";
      for (const pid of [stack.pid("studio"), parentOf(backends[0]), ...backends]) {
        if (niceOf.get(pid) !== nice) await setGroupNice(pid, nice);
        niceOf.set(pid, nice);
      }
    },
    /** Waits until the usage of all calls is there. Calls that were under way when the load ended may be recorded or not. */
    async settle(result) {
      asked += result.asked;
      answered += result.answered;
      for (const until = Date.now() + 30_000; Date.now() < until; await sleep(100)) {
        if ((await recorded()) - recordedBefore >= answered) break;
      }
    },
    async usage() {
      const now = (await recorded()) - recordedBefore;
      return { answered, wrong: Math.max(0, answered - now, now - asked) };
    },
    close: () => client.end(),
  };
}

/** Linux shares a core between sessions, each with a niceness of its own; elsewhere nothing is changed. */
async function setGroupNice(pid, nice) {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      return writeFileSync(`/proc/${pid}/autogroup`, nice);
    } catch (error) {
      // An ordinary user may do this ten times a second.
      if (error.code !== "EAGAIN") return;
      await sleep(60);
    }
  }
}

function parentOf(pid) {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ")[1]);
  } catch {
    return pid;
  }
}

async function untilAnswers(targets) {
  for (const [name, { url, headers }] of Object.entries(targets)) {
    let last = "nothing answered";
    let ok = false;
    for (const until = Date.now() + 20_000; !ok && Date.now() < until; await sleep(100)) {
      try {
        const response = await fetch(url, { method: "POST", headers, body: plain });
        last = `${response.status} ${(await response.text()).slice(0, 300)}`;
        ok = response.ok;
      } catch (error) {
        last = error.cause?.message ?? error.message;
      }
    }
    if (!ok) throw new Stop(`${name} does not answer at ${url}: ${last}`);
  }
}

async function measureList({ stack, load, pinned, rounds, warmUpSeconds, seconds, progress }) {
  const step = progress.begin("REST list");
  const client = new pg.Client(stack.databaseUrl);
  await client.connect();
  await client.query(`INSERT INTO llms (name, slug, vendor, api_endpoint, allowed_models, privacy_score, short_description, active, updated_at)
    SELECT 'Bench LLM ' || n, 'bench-llm-' || n, 'openai', 'https://vendor-' || n || '.example.com/v1', ARRAY['^bench-.*$'], n % 100, 'One of ten thousand', false, now()
    FROM generate_series(1, 10000) AS n`);
  await client.query("ANALYZE llms");
  await client.end();
  await stack.stop("gateway");
  // Started anew, so that it counts the rows that no endpoint of its own has written; and now it is the server that is measured.
  await stack.stop("studio");
  await stack.start("studio");
  if (pinned) execFileSync("taskset", ["-a", "-p", "-c", String(serverCore), String(stack.pid("studio"))], { stdio: "ignore" });
  const url = `${stack.studioUrl}/api/v1/llms?page_size=20&page=100`;
  const headers = { authorization: `Bearer ${stack.admin.token}` };
  const answer = await (await fetch(url, { headers })).json();
  if (answer.data?.length !== 20 || answer.meta?.total_count < 10_000)
    throw new Stop("The list did not answer 20 of 10,000 LLMs.", { detail: [JSON.stringify(answer).slice(0, 500)] });
  const job = { mode: "throughput", url, method: "GET", headers, connections: 16, seconds };
  await load({ ...job, warmUp: 0, seconds: warmUpSeconds });
  const results = [];
  for (let round = 0; round < rounds; round++) results.push(await load(job));
  step.done();
  return results;
}

function residentMb(pid) {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
  } catch {
    return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) / 1024;
  }
}
