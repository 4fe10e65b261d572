import { type Metadata, status } from "@grpc/grpc-js";
import { hashToken } from "@portico/core/tokens";
import { EdgeServiceService } from "@portico/protocol/edge";
import { GrpcError } from "@portico/protocol/grpc-error";
import type { Peer } from "./control-front.ts";
import type { EdgeIdentity } from "./store.ts";
import { createTurns } from "./turns.ts";

/** The authenticated caller: known before any message of the call is read. */
export type Caller = { identity: EdgeIdentity; token: string; peer: Peer };

const lookups = { atOnce: 4, waiting: 200 };
/** Batches of one edge that are read at once; an honest one sends one after the other. */
const batches = { atOnce: 4, waiting: 64 };
const streamsOfEdge = 4;
const registrations = { most: 20, perMs: 10_000 };
/** Unknown tokens of one address, after which further ones are not looked up for the rest of the time. */
const failures = { most: 50, perMs: 60_000 };
const rememberedTokens = 10_000;

/**
 * Authenticates calls on the control port and bounds what one edge or one address may have under way. Only the
 * metadata of a call is read: a caller without a token costs no memory and, after some attempts, no query.
 */
export function createAdmission({
  identify,
  requiresCertificate,
  now = () => performance.now(),
}: {
  identify(tokenHash: string): Promise<EdgeIdentity | undefined>;
  /** Whether edges must prove the key that they enrolled. */
  requiresCertificate: boolean;
  now?: () => number;
}) {
  const callers = new WeakMap<Metadata, Caller>();
  const lookupTurns = createTurns(lookups);
  const batchTurns = new Map<string, ReturnType<typeof createTurns>>();
  const streams = new Map<string, number>();
  const registered = createRates(registrations, now);
  const failed = createRates(failures, now);
  // Tokens that were valid once are looked up even when their address has sent many unknown ones.
  const validTokens = new Set<string>();

  const unknown = () => new GrpcError(status.UNAUTHENTICATED, "the edge token is missing or unknown");
  const exhausted = (what: string) => new GrpcError(status.RESOURCE_EXHAUSTED, what);

  async function authenticate(metadata: Metadata, peer: Peer): Promise<Caller> {
    const token = /^Bearer +(\S{1,512}) *$/i.exec(String(metadata.get("authorization")[0] ?? ""))?.[1];
    if (!token) throw unknown();
    const tokenHash = hashToken(token);
    if (!validTokens.has(tokenHash) && failed.isOver(peer.address))
      throw exhausted("too many unknown tokens from this address; try again later");
    const release = await lookupTurns.take();
    if (!release) throw exhausted("too many calls are waiting to be authenticated; try again");
    const identity = await identify(tokenHash).finally(release);
    if (!identity) {
      validTokens.delete(tokenHash);
      failed.count(peer.address);
      throw unknown();
    }
    if (validTokens.size >= rememberedTokens) validTokens.clear();
    validTokens.add(tokenHash);
    return { identity, token, peer };
  }

  async function bound(path: string, edgeId: string): Promise<() => void> {
    if (path === EdgeServiceService.register.path) {
      if (registered.isOver(edgeId)) throw exhausted(`edge "${edgeId}" registers too often; check that no two gateways use its id`);
      registered.count(edgeId);
      return () => {};
    }
    if (path === EdgeServiceService.sync.path) {
      const open = streams.get(edgeId) ?? 0;
      if (open >= streamsOfEdge) throw exhausted(`edge "${edgeId}" has ${open} streams open`);
      streams.set(edgeId, open + 1);
      return () => {
        const left = (streams.get(edgeId) ?? 1) - 1;
        if (left > 0) streams.set(edgeId, left);
        else streams.delete(edgeId);
      };
    }
    const turns = batchTurns.get(edgeId) ?? createTurns(batches);
    batchTurns.set(edgeId, turns);
    const release = await turns.take();
    if (!release) throw exhausted(`edge "${edgeId}" sends too many batches at once`);
    return () => {
      release();
      if (turns.isIdle()) batchTurns.delete(edgeId);
    };
  }

  return {
    async admit({ path, metadata, peer }: { path: string; metadata: Metadata; peer: Peer }): Promise<() => void> {
      const caller = await authenticate(metadata, peer);
      const { identity } = caller;
      // Registering is how an edge gets its certificate; the hub opens no session for one that does not present it.
      if (requiresCertificate && path !== EdgeServiceService.register.path && !provesKey(caller))
        throw new GrpcError(status.FAILED_PRECONDITION, "this hub requires the client certificate issued to the edge");
      const release = await bound(path, identity.edgeId);
      callers.set(metadata, caller);
      return release;
    },
    /** @throws when the call was not admitted. */
    callerOf(metadata: Metadata): Caller {
      const caller = callers.get(metadata);
      if (!caller) throw unknown();
      return caller;
    },
  };
}

/** Whether the other side holds the key that the edge enrolled. */
export const provesKey = ({ identity, peer }: Pick<Caller, "identity" | "peer">): boolean =>
  identity.clientKeySha256 !== "" && peer.clientKeySha256 === identity.clientKeySha256;

/** Counts by key within a stretch of time. */
function createRates({ most, perMs }: { most: number; perMs: number }, now: () => number) {
  let counts = new Map<string, number>();
  let since = now();
  const current = () => {
    if (now() - since >= perMs) {
      counts = new Map();
      since = now();
    }
    return counts;
  };
  return {
    isOver: (key: string): boolean => (current().get(key) ?? 0) >= most,
    count(key: string): void {
      const counts = current();
      if (counts.size < rememberedTokens || counts.has(key)) counts.set(key, (counts.get(key) ?? 0) + 1);
    },
  };
}
