import type { status } from "@grpc/grpc-js";

/** An error that keeps its gRPC status on the wire; every other error becomes INTERNAL. */
export class GrpcError extends Error {
  readonly code: status;
  constructor(code: status, message: string) {
    super(message);
    this.name = "GrpcError";
    this.code = code;
  }
}
