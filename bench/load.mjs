import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";

/**
 * Does one measurement. throughput: requests/s at so many connections; latency: median ms of one request at a time; first-byte: median
 * ms to the first byte of the body.
 * @param {{ mode: "throughput" | "latency" | "first-byte", url: string, method?: string, headers?: Record<string, string>, body?: string,
 *   connections?: number, warmUp?: number, seconds?: number, count?: number }} job
 * @returns {Promise<{ value: number, p50Ms: number, p95Ms: number, p99Ms: number, asked: number, answered: number }>} `asked` and `answered`
 *   count all requests, also those before what was measured.
 */
export function measure(job) {
  if (job.mode === "throughput") return throughput(job);
  return oneByOne(job, job.mode === "latency" ? wholeMs : firstByteMs);
}

/**
 * Keeps so many connections busy, one request at a time on each, after `warmUp` seconds that do not count. Written on bare sockets: a
 * client that costs as much as the server it measures would measure itself.
 */
async function throughput({ url, method = "POST", headers = {}, body, connections = 32, warmUp = 2, seconds = 5 }) {
  const { host, hostname, port, pathname, search } = new URL(url);
  const head = Object.entries({ host, ...headers, "content-length": body ? Buffer.byteLength(body) : undefined })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const question = Buffer.from(`${method} ${pathname}${search} HTTP/1.1\r\n${head.join("")}\r\n${body ?? ""}`);
  let counting = false;
  let asked = 0;
  let answered = 0;
  const times = [];
  const sockets = [];
  const broken = new Promise((_, reject) => {
    for (let i = 0; i < connections; i++) {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      sockets.push(socket);
      const fail = (why) => reject(new Error(`${url}: ${why}`));
      let sentAt = 0;
      let pieces = [];
      const ask = () => {
        asked++;
        sentAt = performance.now();
        socket.write(question);
      };
      socket.on("connect", ask);
      socket.on("error", (error) => fail(error.message));
      socket.on("close", () => fail("the server closed a connection"));
      socket.on("data", (chunk) => {
        pieces.push(chunk);
        const answer = pieces.length === 1 ? chunk : Buffer.concat(pieces);
        if (!isWhole(answer)) return;
        pieces = [];
        if (answer.latin1Slice(9, 12) !== "200") return fail(answer.toString("utf8", 0, 300));
        answered++;
        if (counting) times.push(performance.now() - sentAt);
        ask();
      });
    }
  });
  broken.catch(() => {});
  let took;
  try {
    await Promise.race([sleep(warmUp * 1_000), broken]);
    counting = true;
    const startedAt = performance.now();
    await Promise.race([sleep(seconds * 1_000), broken]);
    took = (performance.now() - startedAt) / 1_000;
  } finally {
    counting = false;
    for (const socket of sockets) socket.destroy();
  }
  if (times.length === 0) throw new Error(`${url}: nothing was answered`);
  return { value: times.length / took, ...quantiles(times), asked, answered };
}

/** True when the bytes are an answer with all of its body. */
function isWhole(answer) {
  const end = answer.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const head = answer.latin1Slice(0, end + 2);
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head);
  if (length) return answer.length >= end + 4 + Number(length[1]);
  return answer.latin1Slice(answer.length - 7) === "\r\n0\r\n\r\n";
}

async function oneByOne({ url, method = "POST", headers = {}, body, count = 1_000 }, sample) {
  const dispatcher = new Agent({ connections: 1, pipelining: 1 });
  const question = { dispatcher, method, headers, body };
  const warmUp = Math.ceil(count / 5);
  for (let i = 0; i < warmUp; i++) await sample(url, question);
  const times = [];
  for (let i = 0; i < count; i++) times.push(await sample(url, question));
  await dispatcher.close();
  const found = quantiles(times);
  const asked = warmUp + count;
  return { value: found.p50Ms, ...found, asked, answered: asked };
}

function quantiles(times) {
  const sorted = Float64Array.from(times).sort();
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return { p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) };
}

async function ask(url, question) {
  const response = await request(url, question);
  if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}: ${(await response.body.text()).slice(0, 300)}`);
  return response;
}

async function wholeMs(url, question) {
  const startedAt = performance.now();
  const response = await ask(url, question);
  await response.body.arrayBuffer();
  return performance.now() - startedAt;
}

async function firstByteMs(url, question) {
  const startedAt = performance.now();
  const response = await ask(url, question);
  let took;
  for await (const _piece of response.body) took ??= performance.now() - startedAt;
  return took;
}
