import { cancelled, unavailable } from "./call-errors.ts";
import { DirectConnection } from "./direct-connection.ts";
import { Http2Connection } from "./http2/connection.ts";
import type { PluginAddress } from "./launch/handshake.ts";
import { createNodeHttp2Client } from "./node-http2-client.ts";
import type { CallOptions } from "./types.ts";
import { type ReceiveBudget, UnaryCall } from "./unary-call.ts";

/** One unary method, as ts-proto describes it. */
export type UnaryMethod<Request, Response> = {
  path: string;
  requestSerialize(value: Request): Buffer;
  responseDeserialize(value: Buffer): Response;
};

export type HotClient = {
  /** Infinity as `timeoutMs` sets no deadline. Rejects like RunningPlugin.call. */
  unary<Request, Response>(method: UnaryMethod<Request, Response>, request: Request, options: CallOptions): Promise<Response>;
  close(): void;
};

export type HotTarget = {
  address: PluginAddress;
  name: string;
  /** Whether the plugin has said that it takes calls without HTTP/2. */
  takesDirectCalls?: boolean;
};

type CallConnection = Http2Connection | DirectConnection;

/** `node` chooses Node's own HTTP/2 for calls to plugins. */
const switchVariable = "PORTICO_PLUGIN_HTTP2";

/**
 * A gRPC client for unary calls and nothing else: the hop every proxied request pays for. Connects on first use and again after the
 * peer closed or said GOAWAY.
 */
export function createHotClient(target: HotTarget, env: Readonly<Record<string, string | undefined>> = process.env): HotClient {
  return env[switchVariable] === "node" ? createNodeHttp2Client(target) : createSocketClient(target);
}

function createSocketClient({ address, name, takesDirectCalls = false }: HotTarget): HotClient {
  const budget: ReceiveBudget = { bytes: 0 };
  /** The newest, and those that only finish their calls. */
  const connections = new Set<CallConnection>();
  let current: CallConnection | undefined;
  const onClosed = (connection: CallConnection) => void connections.delete(connection);
  let isClosed = false;

  function send(call: UnaryCall): void {
    if (isClosed) {
      call.interrupt();
      return;
    }
    if (!current || current.isSpent) {
      current = takesDirectCalls ? new DirectConnection({ address, onClosed }) : new Http2Connection({ address, onClosed, resend: send });
      connections.add(current);
    }
    current.send(call);
  }

  return {
    unary: <Request, Response>(method: UnaryMethod<Request, Response>, request: Request, options: CallOptions) =>
      new Promise<Response>((resolve, reject) => {
        const callName = { plugin: name, rpc: method.path.slice(method.path.lastIndexOf("/") + 1) };
        if (options.signal?.aborted) return reject(cancelled(callName));
        if (isClosed) return reject(unavailable(name, "its process is being stopped."));
        let message: Buffer;
        try {
          message = method.requestSerialize(request);
        } catch (error) {
          return reject(unavailable(name, "the call could not be sent.", error));
        }
        send(
          new UnaryCall({
            name: callName,
            path: method.path,
            message,
            options,
            budget,
            resolve: (bytes) => resolve(method.responseDeserialize(bytes)),
            reject,
          }),
        );
      }),
    close() {
      isClosed = true;
      for (const connection of connections) connection.close();
    },
  };
}
