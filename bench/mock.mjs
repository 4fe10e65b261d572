// A vendor that does nothing: the same chat completion, plain or streamed, for every question. Prints its port.
import { createServer } from "node:http";

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

const server = createServer({ noDelay: true, keepAliveTimeout: 60_000 }, (req, res) => {
  const chunks = [];
  req.on("data", (piece) => chunks.push(piece));
  req.on("end", () => {
    if (!Buffer.concat(chunks).includes('"stream":true')) {
      res.writeHead(200, { "content-type": "application/json", "content-length": answer.length });
      res.end(answer);
      return;
    }
    res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    res.write(first);
    // The rest follows later, so that time to first byte is not hidden in one packet with the end.
    setTimeout(() => res.end(rest), 2);
  });
});
server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () =>
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`),
);
process.once("SIGTERM", () => process.exit(0));
