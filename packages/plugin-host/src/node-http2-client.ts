import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from "node:http2";
import { connect as connectSocket } from "node:net";
import { AppError } from "@portico/core";
import { Chunks } from "@portico/core/chunks";
import { cancelled, failed, fromStatus, grpcStatus, lost, timedOut, unavailable } from "./call-errors.ts";
import type { HotClient, UnaryMethod } from "./hot-client.ts";
import type { PluginAddress } from "./launch/handshake.ts";
import type { CallOptions } from "./types.ts";

/** As much as a plugin may be sent, which is what gRPC in Go takes; a call that needs more says so. */
const defaultMaxBytes = 4 * 1024 * 1024;
/** Of all responses being received at once; one plugin must not fill the host's memory through many calls. */
const maxBufferedBytes = 128 * 1024 * 1024;
const streamWindowBytes = 1024 * 1024;
/** By which the clocks of two processes may differ in what is one deadline. */
const clockSlackMs = 5;
const sessionWindowBytes = 16 * 1024 * 1024;

const grpcTimeout = (ms: number): string =>
  ms < 1e8 ? `${Math.max(1, Math.ceil(ms))}m` : `${Math.min(99_999_999, Math.ceil(ms / 1000))}S`;

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The one message of a unary response body, without its five-byte prefix. */
function messageIn(body: Buffer): Buffer | undefined {
  if (body.length < 5 || body[0] !== 0) return undefined;
  const length = body.readUInt32BE(1);
  return body.length >= 5 + length ? body.subarray(5, 5 + length) : undefined;
}

/** The same on Node's own HTTP/2, which costs more. */
export function createNodeHttp2Client({ address, name }: { address: PluginAddress; name: string }): HotClient {
  let current: ClientHttp2Session | undefined;
  let closed = false;
  let bufferedBytes = 0;

  function openSession(): ClientHttp2Session {
    const session = connect("http://localhost", {
      createConnection: () =>
        address.network === "unix"
          ? connectSocket(address.path)
          : connectSocket({ host: address.host, port: address.port, noDelay: true, keepAlive: true }),
      settings: { initialWindowSize: streamWindowBytes, enablePush: false },
      // Node would otherwise refuse streams once 10 MB of requests wait to be sent; calls in flight and their bodies are bounded elsewhere.
      maxSessionMemory: 4096,
    });
    const forget = () => {
      if (current === session) current = undefined;
    };
    session.once("connect", () => session.destroyed || session.setLocalWindowSize(sessionWindowBytes));
    session.once("goaway", forget);
    session.once("close", forget);
    // Each stream of the session reports it to its own caller.
    session.on("error", forget);
    return session;
  }

  function request(path: string, timeoutMs: number): ClientHttp2Stream {
    if (closed) throw unavailable(name, "its process is being stopped.");
    if (!current || current.closed || current.destroyed) current = openSession();
    return current.request({
      ":method": "POST",
      ":scheme": "http",
      ":authority": "localhost",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": "portico-plugin-host",
      ...(Number.isFinite(timeoutMs) ? { "grpc-timeout": grpcTimeout(timeoutMs) } : undefined),
    });
  }

  function unary<Request, Response>(
    method: UnaryMethod<Request, Response>,
    value: Request,
    { timeoutMs, signal, maxBytes = defaultMaxBytes }: CallOptions,
  ): Promise<Response> {
    const callName = { plugin: name, rpc: method.path.slice(method.path.lastIndexOf("/") + 1) };
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(cancelled(callName));
      let stream: ClientHttp2Stream;
      try {
        const payload = method.requestSerialize(value);
        const frame = Buffer.allocUnsafe(5 + payload.length);
        frame[0] = 0;
        frame.writeUInt32BE(payload.length, 1);
        payload.copy(frame, 5);
        stream = request(method.path, timeoutMs);
        stream.end(frame);
      } catch (error) {
        return reject(error instanceof AppError ? error : unavailable(name, "the call could not be sent.", error));
      }

      const chunks = new Chunks();
      let received = 0;
      let status: IncomingHttpHeaders | undefined;
      let httpStatus = 0;
      let settled = false;
      let timer: NodeJS.Timeout | undefined;

      const settle = (error: AppError | undefined, response?: Response) => {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        bufferedBytes -= received;
        if (error && !stream.closed) stream.close(constants.NGHTTP2_CANCEL);
        if (error) reject(error);
        else resolve(response as Response);
      };
      const onAbort = () => settle(cancelled(callName));
      const deadlineMs = performance.now() + timeoutMs;
      /** A plugin is sent its deadline too, and may end the stream at it before our own timer has fired. */
      const ended = (cause?: Error) => (performance.now() >= deadlineMs - clockSlackMs ? timedOut(callName, timeoutMs) : lost(name, cause));
      if (Number.isFinite(timeoutMs)) timer = setTimeout(() => settle(timedOut(callName, timeoutMs)), timeoutMs);
      signal?.addEventListener("abort", onAbort, { once: true });

      const finish = () => {
        if (status === undefined || status["grpc-status"] === undefined) {
          if (httpStatus !== 0 && httpStatus !== 200) return settle(failed(callName, `it answered with HTTP status ${httpStatus}.`));
          return settle(ended());
        }
        const code = Number(status["grpc-status"]);
        if (code !== 0) {
          const message = percentDecoded(String(status["grpc-message"] ?? "")) || `gRPC status ${code}`;
          return settle(fromStatus(callName, code, message, timeoutMs));
        }
        const message = messageIn(chunks.all());
        if (message === undefined) return settle(failed(callName, "its answer is not a gRPC message.", grpcStatus.internal));
        try {
          settle(undefined, method.responseDeserialize(message));
        } catch {
          settle(failed(callName, "its answer cannot be decoded.", grpcStatus.internal));
        }
      };

      stream.on("response", (headers) => {
        httpStatus = Number(headers[":status"]);
        // An answer without a body carries its status here.
        if (headers["grpc-status"] !== undefined) status = headers;
      });
      stream.on("trailers", (trailers) => {
        status = trailers;
      });
      stream.on("data", (chunk: Buffer) => {
        if (settled) return;
        received += chunk.length;
        bufferedBytes += chunk.length;
        if (received > maxBytes || bufferedBytes > maxBufferedBytes)
          settle(failed(callName, `its answer is larger than ${maxBytes} bytes.`, grpcStatus.resourceExhausted));
        else chunks.add(chunk);
      });
      stream.on("error", (error) => {
        if (status === undefined) settle(ended(error));
      });
      // Trailers may be reported after the end of the body; then the close that follows decides.
      stream.on("end", () => status !== undefined && finish());
      stream.on("close", finish);
    });
  }

  return {
    unary,
    close() {
      closed = true;
      current?.destroy();
      current = undefined;
    },
  };
}
