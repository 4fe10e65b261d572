import type { handleUnaryCall, ServerWritableStream, status } from "@grpc/grpc-js";
import type { GrpcError } from "@portico/protocol/grpc-error";

/** How a call ends that fails, as grpc-js takes it. */
export type Failure = { code: status; details: string };

export const failureOf = ({ code, message }: GrpcError): Failure => ({ code, details: message });

/** A handler as grpc-js wants it. `fail` turns anything thrown into what the plugin is told. */
export const unary =
  <Q, R>(answer: (request: Q) => R | Promise<R>, fail: (error: unknown) => Failure): handleUnaryCall<Q, R> =>
  ({ request }, callback) => {
    // An async wrapper, so that a handler that throws before its first await is caught as well.
    (async () => answer(request))().then(
      (response) => callback(null, response),
      (error) => callback(fail(error)),
    );
  };

type Stream<Q, R> = Pick<ServerWritableStream<Q, R>, "write" | "on">;

/** Writes to a stream whose reader may be slow: up to `limit` messages wait, further ones are dropped. */
export function boundedWriter<Q, R>(stream: Stream<Q, R>, limit: number): (message: R) => void {
  const waiting: R[] = [];
  let blocked = false;
  stream.on("drain", () => {
    blocked = false;
    while (!blocked) {
      const message = waiting.shift();
      if (message === undefined) return;
      blocked = !stream.write(message);
    }
  });
  return (message) => {
    if (!blocked) blocked = !stream.write(message);
    else if (waiting.length < limit) waiting.push(message);
  };
}
