import { once } from "node:events";
import { createServer } from "node:net";

const usage = { prompt_tokens: 21, completion_tokens: 12, total_tokens: 33 };
const head = { id: "chatcmpl-bench", created: 1_700_000_000, model: "bench-model" };
const answer = Buffer.from(
  JSON.stringify({
    ...head,
    object: "chat.completion",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "Twelve tokens are enough for anybody who only counts them." },
        finish_reason: "stop",
      },
    ],
    usage,
  }),
);
const chunk = (fields) => `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", ...fields })}\n\n`;
const first = chunk({ choices: [{ index: 0, delta: { role: "assistant", content: "Twelve " }, finish_reason: null }] });
const rest = [
  ...["tokens ", "are ", "enough ", "for ", "anybody."].map((content) =>
    chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
  ),
  chunk({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
  chunk({ choices: [], usage }),
  "data: [DONE]\n\n",
].join("");

const headed = (fields, body) =>
  Buffer.from(`HTTP/1.1 200 OK\r\n${fields.join("\r\n")}\r\nconnection: keep-alive\r\n\r\n${body}`, "latin1");
const plain = headed(["content-type: application/json", `content-length: ${answer.length}`], answer.toString("latin1"));
const piece = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const streamStart = headed(
  ["content-type: text/event-stream", "cache-control: no-cache", "transfer-encoding: chunked"],
  Buffer.from(piece(first)).toString("latin1"),
);
const streamEnd = `${piece(rest)}0\r\n\r\n`;

/**
 * Starts a vendor that does nothing: the same chat completion, plain or streamed, for every question. Written on bare sockets, so that it
 * costs next to nothing: it shares a core with the load.
 * @returns {Promise<number>} its port.
 */
export async function startVendor() {
  const server = createServer({ noDelay: true }, answerAll);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server.address().port;
}

function answerAll(socket) {
  let pieces = [];
  socket.on("data", (chunk) => {
    pieces.push(chunk);
    const question = pieces.length === 1 ? chunk : Buffer.concat(pieces);
    const end = question.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = question.latin1Slice(0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    if (length ? question.length < end + 4 + Number(length[1]) : /chunked/i.test(head) && !question.includes("\r\n0\r\n\r\n")) return;
    pieces = [];
    if (!question.includes('"stream":true')) return void socket.write(plain);
    socket.write(streamStart);
    // The rest follows later, so that time to first byte is not hidden in one packet with the end.
    setTimeout(() => socket.write(streamEnd), 2);
  });
  socket.on("error", () => {});
}
