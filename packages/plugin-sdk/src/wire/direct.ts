import { createServer, type Socket, type Server as SocketServer } from "node:net";
import { type Server as GrpcServer, type MethodDefinition, ServerCredentials, status } from "@grpc/grpc-js";
import { addDirectFrame, DirectCallError, DirectFrameReader, directPreface, directType, Outbox } from "@portico/core/direct-calls";
import { ConfigProviderServiceService } from "@portico/protocol/config-provider";
import { PluginServiceService } from "@portico/protocol/plugin";
import type { CallInfo, PluginHandlers } from "../service/types.ts";
import { configProviderHandlers, faultOf, maxReceiveBytes } from "./server.ts";

type Handle = (request: unknown, call: CallInfo) => Promise<unknown>;
type Method = { definition: MethodDefinition<unknown, unknown>; handle: Handle };

const nothing = Buffer.alloc(0);
/** Payloads that come from a host are one path longer than its message. */
const maxPathBytes = 256;

/** What is known of a call; most handlers never look at its signal, so it is made when one does. */
class DirectCall implements CallInfo {
  #controller: AbortController | undefined;
  #isCancelled = false;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isCancelled) this.#abort();
    return this.#controller.signal;
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#abort();
  }

  #abort(): void {
    this.#controller?.abort(new Error("The host no longer waits for this call."));
  }
}

function methodsOf(handlers: PluginHandlers): Map<string, Method> {
  const methods = new Map<string, Method>();
  const add = (definitions: object, implementation: object) => {
    for (const [name, definition] of Object.entries(definitions) as [string, MethodDefinition<unknown, unknown>][]) {
      const handle = (implementation as Record<string, Handle | undefined>)[name];
      if (handle && !definition.requestStream && !definition.responseStream) methods.set(definition.path, { definition, handle });
    }
  };
  add(PluginServiceService, handlers);
  add(ConfigProviderServiceService, configProviderHandlers(handlers));
  return methods;
}

/** Answers the calls of one connection. */
function serveConnection(socket: Socket, methods: Map<string, Method>): void {
  const out = new Outbox();
  const calls = new Map<number, DirectCall>();
  let isFlushing = false;
  const flush = () => {
    isFlushing = false;
    if (out.bytes > 0 && !socket.destroyed) out.writeTo(socket);
  };
  const send = (type: number, id: number, head: Buffer, body: Buffer) => {
    if (socket.destroyed) return;
    addDirectFrame(out, type, id, head, body);
    if (isFlushing) return;
    isFlushing = true;
    setImmediate(flush);
  };
  const sendError = (id: number, code: number, details: string) =>
    send(directType.error, id, Buffer.from([code]), Buffer.from(details.slice(0, 100_000)));

  async function answer(id: number, path: string, message: Buffer): Promise<void> {
    const call = new DirectCall();
    calls.set(id, call);
    try {
      const method = methods.get(path);
      if (!method) return sendError(id, status.UNIMPLEMENTED, `The plugin does not have the method ${path}.`);
      const response = await method.handle(method.definition.requestDeserialize(message), call);
      if (calls.get(id) === call) send(directType.response, id, nothing, method.definition.responseSerialize(response));
    } catch (error) {
      const { code = status.INTERNAL, details = "" } = faultOf(error);
      if (calls.get(id) === call) sendError(id, code, details);
    } finally {
      if (calls.get(id) === call) calls.delete(id);
    }
  }

  const reader = new DirectFrameReader({
    accepts(type, id, length) {
      if (type === directType.cancel && length === 0) return true;
      if (type !== directType.call || length === 0) throw new DirectCallError(`The host sent a frame of type ${type}.`);
      if (length <= maxReceiveBytes + maxPathBytes) return true;
      sendError(id, status.RESOURCE_EXHAUSTED, `The message has ${length} bytes; a plugin takes ${maxReceiveBytes}.`);
      return false;
    },
    frame(type, id, bytes, start, end) {
      if (type === directType.cancel) {
        calls.get(id)?.cancel();
        calls.delete(id);
        return;
      }
      const messageStart = start + 1 + (bytes[start] as number);
      if (messageStart > end) throw new DirectCallError("The host sent a call that ends within its method.");
      void answer(id, bytes.toString("latin1", start + 1, messageStart), bytes.subarray(messageStart, end));
    },
  });
  socket.on("data", (chunk: Buffer) => {
    try {
      reader.push(chunk, chunk.length);
    } catch {
      socket.destroy();
    }
  });
  socket.on("close", () => {
    for (const call of calls.values()) call.cancel();
    calls.clear();
  });
}

/**
 * Takes direct calls and gRPC on one socket: the first byte says which it is. Everything that is not a direct call goes to `grpc`.
 */
export async function listenForBoth(
  path: string,
  { grpc, handlers }: { grpc: GrpcServer; handlers: PluginHandlers },
): Promise<SocketServer> {
  const methods = methodsOf(handlers);
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const server = createServer((socket) => {
    socket.on("error", () => {});
    let begun: Buffer = nothing;
    const judge = () => {
      const read: Buffer | null = socket.read();
      // The end of the connection is readable too.
      if (read === null) return;
      begun = begun.length === 0 ? read : Buffer.concat([begun, read]);
      const isDirect = begun[0] === directPreface[0];
      if (isDirect && begun.length < directPreface.length) return;
      socket.off("readable", judge);
      if (!isDirect) {
        socket.unshift(begun);
        injector.injectConnection(socket);
        return;
      }
      if (!begun.subarray(0, directPreface.length).equals(directPreface)) {
        socket.destroy();
        return;
      }
      const rest = begun.subarray(directPreface.length);
      if (rest.length > 0) socket.unshift(rest);
      serveConnection(socket, methods);
      socket.resume();
    };
    socket.on("readable", judge);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return server;
}
