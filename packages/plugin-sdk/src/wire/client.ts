import {
  Client,
  type ClientOptions,
  credentials,
  InterceptingCall,
  type Interceptor,
  Metadata,
  type MethodDefinition,
  type ServiceError,
} from "@grpc/grpc-js";
import { callToken } from "@portico/protocol";

type Definition = Record<string, MethodDefinition<never, unknown> | Pick<MethodDefinition<never, unknown>, "path">>;
type RequestOf<M> = M extends { requestSerialize: (value: infer R) => unknown } ? R : never;
type ResponseOf<M> = M extends { responseDeserialize: (value: Buffer) => infer R } ? R : never;

/** Settings of one call. */
export type CallSettings = {
  /** Milliseconds until the call fails with DEADLINE_EXCEEDED; default 30,000, streams have none unless given. */
  timeoutMs?: number | undefined;
  /** Cancels the call. */
  signal?: AbortSignal | undefined;
};

/**
 * Every rpc of a service as a function: unary ones answer a promise, server streams an async iterable. Fields left out
 * of a request take their protobuf default.
 */
export type ServiceClient<S> = {
  [K in keyof S]: S[K] extends { responseStream: true }
    ? (request?: Partial<RequestOf<S[K]>>, settings?: CallSettings) => AsyncIterable<ResponseOf<S[K]>>
    : (request?: Partial<RequestOf<S[K]>>, settings?: CallSettings) => Promise<ResponseOf<S[K]>>;
};

type Wire = {
  path: string;
  responseStream: boolean;
  requestSerialize: (value: unknown) => Buffer;
  requestDeserialize: (value: Buffer) => Record<string, unknown>;
  responseDeserialize: (value: Buffer) => unknown;
};

const empty = Buffer.alloc(0);

/** Puts the secret of this process into every call, by which the host knows whose call it is. */
export const carryToken =
  (token: string): Interceptor =>
  (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set(callToken.header, token);
        next(metadata, listener);
      },
    });

/** A connection over which several services are called; opened when the first call is made. */
export function openChannel(target: string, options: ClientOptions = {}): Client {
  return new Client(target, credentials.createInsecure(), {
    "grpc.default_authority": "localhost",
    "grpc.max_receive_message_length": -1,
    "grpc.initial_reconnect_backoff_ms": 50,
    "grpc.max_reconnect_backoff_ms": 1_000,
    ...options,
  });
}

function unary(channel: Client, method: Wire, request: unknown, { timeoutMs = 30_000, signal }: CallSettings): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const deadline = Date.now() + timeoutMs;
    const call = channel.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      new Metadata(),
      { deadline },
      (error: ServiceError | null, value) => {
        signal?.removeEventListener("abort", cancel);
        if (error) reject(error);
        else resolve(value);
      },
    );
    const cancel = () => call.cancel();
    signal?.addEventListener("abort", cancel, { once: true });
  });
}

async function* serverStream(channel: Client, method: Wire, request: unknown, { timeoutMs, signal }: CallSettings) {
  signal?.throwIfAborted();
  const call = channel.makeServerStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    request,
    new Metadata(),
    timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs },
  );
  const cancel = () => call.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    yield* call;
  } finally {
    signal?.removeEventListener("abort", cancel);
    call.cancel();
  }
}

/** Typed functions for every rpc of `definition`; `base` is merged under each request. `connect` may be slow or fail. */
export function createServiceClient<S extends Definition>(
  definition: S,
  connect: () => Promise<Client>,
  base: () => Record<string, unknown> = () => ({}),
): ServiceClient<S> {
  const client: Record<string, unknown> = {};
  for (const [name, raw] of Object.entries(definition)) {
    const method = raw as unknown as Wire;
    const complete = (request: object = {}) => ({ ...method.requestDeserialize(empty), ...base(), ...request });
    client[name] = method.responseStream
      ? async function* (request?: object, settings: CallSettings = {}) {
          yield* serverStream(await connect(), method, complete(request), settings);
        }
      : async (request?: object, settings: CallSettings = {}) => unary(await connect(), method, complete(request), settings);
  }
  return client as ServiceClient<S>;
}
