// The yardstick: the least a node:http + undici reverse proxy can do. No authentication, no rules, no accounting; the body
// goes up as it came and the answer comes down as it came. Environment: PORT (0), HOST (127.0.0.1), UPSTREAM (base URL), VENDOR_KEY.
import { createServer } from "node:http";
import { Pool } from "undici";

const upstream = new URL(process.env.UPSTREAM ?? "http://127.0.0.1:8081");
const key = `Bearer ${process.env.VENDOR_KEY ?? "none"}`;
const pool = new Pool(upstream.origin, { connections: 1024, pipelining: 1, allowH2: false });
const dropped = new Set(["host", "connection", "keep-alive", "transfer-encoding", "content-length", "expect", "authorization"]);

function forward(req, res, body) {
  const headers = ["authorization", key];
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    if (!dropped.has(req.rawHeaders[i].toLowerCase())) headers.push(req.rawHeaders[i], req.rawHeaders[i + 1]);
  }
  let upstreamControl;
  res.on("close", () => {
    if (!res.writableFinished) upstreamControl?.abort(new Error("client left"));
  });
  pool.dispatch(
    { path: req.url, method: req.method, headers, body },
    {
      onRequestStart(control) {
        upstreamControl = control;
      },
      onResponseStart(_control, status, responseHeaders) {
        if (status < 200) return;
        delete responseHeaders.connection;
        delete responseHeaders["keep-alive"];
        delete responseHeaders["transfer-encoding"];
        res.writeHead(status, responseHeaders);
      },
      onResponseData(control, chunk) {
        if (res.write(chunk)) return;
        control.pause();
        res.once("drain", () => control.resume());
      },
      onResponseEnd() {
        res.end();
      },
      onResponseError() {
        if (res.headersSent) return res.destroy();
        res.writeHead(502).end();
      },
    },
  );
}

const server = createServer({ noDelay: true, keepAliveTimeout: 60_000 }, (req, res) => {
  const chunks = [];
  req.on("data", (chunk) => chunks.push(chunk));
  req.on("end", () => forward(req, res, chunks.length === 1 ? chunks[0] : chunks.length === 0 ? null : Buffer.concat(chunks)));
  req.on("error", () => res.destroy());
});
server.listen(Number(process.env.PORT ?? 0), process.env.HOST ?? "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
process.once("SIGTERM", () => process.exit(0));
