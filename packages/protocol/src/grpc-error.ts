import type { status } from "@grpc/grpc-js";

/** An error that reaches the other side of a gRPC call as it is: status and message. */
export class GrpcError extends Error {
  readonly code: status;
  constructor(code: status, message: string) {
    super(message);
    this.name = "GrpcError";
    this.code = code;
  }
}
