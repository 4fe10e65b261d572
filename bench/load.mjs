// One measurement, described by a JSON argument and answered as JSON: { mode, url, method?, headers?, body?, connections?, seconds?, count? }.
// throughput: requests/s at so many connections; latency: median ms of one request at a time; first-byte: median ms to the first byte of the body.
import autocannon from "autocannon";
import { Agent, request } from "undici";

const job = JSON.parse(process.argv[2]);
const { url, method = "POST", headers = {}, body, connections = 32, seconds = 5, count = 1_000 } = job;

const measure = { throughput, latency: () => oneByOne(wholeMs), "first-byte": () => oneByOne(firstByteMs) }[job.mode];
process.stdout.write(`${JSON.stringify(await measure())}\n`);
process.exit(0);

async function throughput() {
  const options = { url, method, headers, body, connections, pipelining: 1 };
  await autocannon({ ...options, duration: 2 });
  const result = await autocannon({ ...options, duration: seconds });
  if (result.errors || result.non2xx || result["2xx"] === 0)
    throw new Error(`${url}: ${result.errors} errors, ${result.non2xx} refusals, ${result["2xx"]} answers`);
  return { value: result["2xx"] / result.duration, p50Ms: result.latency.p50, p99Ms: result.latency.p99 };
}

async function oneByOne(sample) {
  const dispatcher = new Agent({ connections: 1, pipelining: 1 });
  for (let i = 0; i < Math.ceil(count / 5); i++) await sample(dispatcher);
  const times = [];
  for (let i = 0; i < count; i++) times.push(await sample(dispatcher));
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  return { value: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) };
}

async function ask(dispatcher) {
  const response = await request(url, { dispatcher, method, headers, body });
  if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}: ${(await response.body.text()).slice(0, 300)}`);
  return response;
}

async function wholeMs(dispatcher) {
  const startedAt = performance.now();
  const response = await ask(dispatcher);
  await response.body.arrayBuffer();
  return performance.now() - startedAt;
}

async function firstByteMs(dispatcher) {
  const startedAt = performance.now();
  const response = await ask(dispatcher);
  let took;
  for await (const _piece of response.body) took ??= performance.now() - startedAt;
  return took;
}
