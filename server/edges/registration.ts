import { randomUUID } from "node:crypto";
import { type Metadata, status } from "@grpc/grpc-js";
import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { RegisterRequest, RegisterResponse } from "@portico/protocol/edge";
import { GrpcError } from "@portico/protocol/grpc-error";
import { edgeWrappingKey, seal } from "@portico/protocol/sealing";
import { type Caller, provesKey } from "./admission.ts";
import { type Authority, keyHash } from "./authority.ts";
import { edgeIdForm, edgeIdRule } from "./contract.ts";
import { printable } from "./printable.ts";
import type { EdgeStore } from "./store.ts";

const protocolRevision = 1;

/** Opens the session of an edge. @throws GrpcError */
export type Register = (request: RegisterRequest, metadata: Metadata) => Promise<RegisterResponse>;

export function createRegister({
  store,
  dataKey,
  authority,
  requiresCertificate,
  callerOf,
  heartbeatMs,
  logger,
}: {
  store: EdgeStore;
  /** Key of the namespace's sealed fields. */
  dataKey(namespace: string): Promise<Buffer>;
  /** Issues edges their client certificates. */
  authority: Authority;
  requiresCertificate: boolean;
  callerOf(metadata: Metadata): Caller;
  heartbeatMs: number;
  logger: Logger;
}): Register {
  async function register(request: RegisterRequest, metadata: Metadata): Promise<RegisterResponse> {
    const caller = callerOf(metadata);
    const { identity, token, peer } = caller;
    const { edgeId, namespace } = request;
    if (!edgeIdForm.test(edgeId)) throw new GrpcError(status.INVALID_ARGUMENT, `edge_id ${edgeIdRule}`);
    if (edgeId !== identity.edgeId)
      throw new GrpcError(status.INVALID_ARGUMENT, `edge_id: this token belongs to edge "${identity.edgeId}"`);
    if (namespace !== identity.namespace)
      throw new GrpcError(
        status.INVALID_ARGUMENT,
        `namespace: edge "${edgeId}" belongs to namespace "${identity.namespace}", not "${namespace}"`,
      );
    if (request.protocol !== protocolRevision)
      throw new GrpcError(
        status.FAILED_PRECONDITION,
        `protocol ${request.protocol} is not supported; this hub supports ${protocolRevision}`,
      );
    if (requiresCertificate && !provesKey(caller)) return enrol(caller, request.clientPublicKey);
    const sessionId = randomUUID();
    const wrappedKey = seal(edgeWrappingKey(token), await dataKey(namespace));
    const isOpen = await store.openSession(edgeId, {
      sessionId,
      version: printable(request.version, 64),
      advertisedUrl: printable(request.advertisedUrl, 500),
      instanceId: printable(request.instanceId, 64),
      transport: !peer.isEncrypted ? "plaintext" : requiresCertificate ? "mtls" : "tls",
    });
    if (!isOpen) {
      logger.warn("second gateway with the id of a connected edge rejected", { edge: edgeId, address: peer.address });
      throw new GrpcError(
        status.ALREADY_EXISTS,
        `another gateway is connected as edge "${edgeId}": create a separate edge for this one, or stop the other`,
      );
    }
    return { sessionId, wrappedKey, heartbeatIntervalMs: heartbeatMs, clientCertificate: "" };
  }

  /**
   * Issues a certificate for the edge's key, which is from then on the only one that opens a session with this token. A certificate
   * is useless without its key, so the enrolled key can be issued another at any time.
   */
  async function enrol({ identity, peer }: Caller, publicKey: Uint8Array): Promise<RegisterResponse> {
    const { edgeId, tokenHash, clientKeySha256 } = identity;
    if (!peer.isEncrypted || publicKey.length === 0)
      throw new GrpcError(
        status.FAILED_PRECONDITION,
        "this hub requires a client certificate: connect over TLS with a gateway that enrols for one",
      );
    const sha256 = keyHash(publicKey);
    if (clientKeySha256 !== "" && clientKeySha256 !== sha256)
      throw new GrpcError(
        status.FAILED_PRECONDITION,
        `edge "${edgeId}" is enrolled with another key: use the gateway's previous data folder, or rotate the edge's token`,
      );
    const certificate = await authority.issueClient(edgeId, publicKey).catch((error: unknown) => {
      throw new GrpcError(status.INVALID_ARGUMENT, `client_public_key ${messageOf(error)}`);
    });
    if (clientKeySha256 === "" && !(await store.enrol(edgeId, tokenHash, sha256)))
      throw new GrpcError(status.ABORTED, "the edge has changed; register again");
    logger.info("client certificate issued", { edge: edgeId, address: peer.address });
    return { sessionId: "", wrappedKey: Buffer.alloc(0), heartbeatIntervalMs: heartbeatMs, clientCertificate: certificate };
  }

  return register;
}
