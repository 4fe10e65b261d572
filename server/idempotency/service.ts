import { createHmac } from "node:crypto";
import { AppError } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { Claim, IdempotencyStore, KnownKey, StoredAnswer } from "./store.ts";

export type IdempotencyLimits = {
  /** How long a key stays with a request that gives no sign of life. */
  leaseMs: number;
  keptMs: number;
  /** Keys of one actor. */
  maxKeys: number;
  /** Larger answers are kept without their body. */
  maxBodyChars: number;
};

const defaultLimits: IdempotencyLimits = { leaseMs: 30_000, keptMs: 24 * 3600 * 1000, maxKeys: 10_000, maxBodyChars: 256 * 1024 };

export type IdempotentRequest = Claim & { method: string; path: string; query: string; body: unknown };

/** Carries a write out once for each `Idempotency-Key`, and answers its repetitions with what came of it. */
export type Idempotency = {
  run(request: IdempotentRequest, carryOut: () => Promise<Response>): Promise<Response>;
  /** Deletes what is older than a day. */
  trim(): Promise<void>;
};

export function createIdempotency({
  store,
  secretKey,
  logger,
  limits = {},
}: {
  store: IdempotencyStore;
  secretKey: string;
  logger: Logger;
  limits?: Partial<IdempotencyLimits>;
}): Idempotency {
  const { leaseMs, keptMs, maxKeys, maxBodyChars } = { ...defaultLimits, ...limits };

  // Bodies hold passwords and keys: their digests must be worth nothing without the installation's key.
  const fingerprintOf = ({ method, path, query, body }: IdempotentRequest) =>
    createHmac("sha256", `idempotency ${secretKey}`)
      .update(`${method} ${path}?${query}\n${canonical(body)}`)
      .digest("base64url");

  /** @returns the known answer to replay; undefined when the request has the key now. */
  async function claim(request: IdempotentRequest): Promise<KnownKey | undefined> {
    const fingerprint = fingerprintOf(request);
    for (let attempt = 0; attempt < 3; attempt++) {
      if (await store.claim(request, fingerprint, { leaseMs, keptMs, maxKeys })) return undefined;
      const known = await store.find(request.userId, request.key);
      if (known) return judged(known, fingerprint);
    }
    throw new AppError({
      code: "rate_limited",
      message: `You have used ${maxKeys} idempotency keys within 24 hours, which is the limit. Send the request without one, or try later.`,
      retryAfterSeconds: 600,
    });
  }

  const answerOf = async (response: Response): Promise<StoredAnswer> => {
    const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== "x-request-id" && name !== "set-cookie"));
    const text = await response.clone().text();
    const { body, omitted } = withoutSecrets(text);
    return body.length > maxBodyChars
      ? { status: response.status, headers, body: "{}", omitted: ["data"] }
      : { status: response.status, headers, body, omitted };
  };

  return {
    async run(request, carryOut) {
      const known = await claim(request);
      if (known) return replay(known, request.requestId);
      const beat = setInterval(
        () => void store.renew(request, leaseMs).catch((error) => logger.warn("idempotency key could not be renewed", { error })),
        leaseMs / 3,
      );
      try {
        const response = await carryOut();
        const isDone = response.ok || !(await store.release(request));
        // What was done is done: the caller gets its answer, although a repetition will not.
        if (isDone)
          await store
            .finish(request, await answerOf(response))
            .catch((error: unknown) => logger.error("response of an idempotent request could not be stored", { error }));
        return response;
      } finally {
        clearInterval(beat);
      }
    },
    trim: store.trim,
  };
}

/** @throws AppError for another request under the same key, one that still runs, or one whose answer is lost. */
function judged(known: KnownKey, fingerprint: string): KnownKey {
  if (known.fingerprint !== fingerprint)
    throw new AppError({
      code: "idempotency_key_reused",
      message:
        "This Idempotency-Key was used in the last 24 hours for another request (method, path, query or body). Use a new key for a new request.",
    });
  if (known.status !== null) return known;
  if (known.isRunning)
    throw new AppError({
      code: "conflict",
      message: "The first request with this Idempotency-Key is still running.",
      retryAfterSeconds: 1,
    });
  throw new AppError({
    code: "conflict",
    message:
      "The first request with this Idempotency-Key was executed, but its response was lost when studio stopped. Check the object it was to change; use a new key to repeat it.",
  });
}

function replay({ status, headers, body, omitted }: KnownKey, requestId: string): Response {
  const text = omitted.length > 0 ? withNote(body, omitted) : body;
  return new Response(text === "" ? null : text, {
    status: status ?? 500,
    headers: { ...headers, "x-request-id": requestId, "idempotency-replayed": "true" },
  });
}

function withNote(body: string, omitted: string[]): string {
  const { meta, ...rest } = JSON.parse(body) as { meta?: object };
  const detail = "This response was stored without its one-time secrets, or was too large to be stored.";
  return JSON.stringify({ ...rest, meta: { ...meta, omitted, detail } });
}

/** Bearer tokens of this product, whatever they open (packages/core/src/tokens.ts). */
const token = /\b[a-z]{2,4}_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/;
const redacted = "[redacted]";

/** Takes tokens out of a JSON text, wherever they are. */
function withoutSecrets(text: string): { body: string; omitted: string[] } {
  if (!token.test(text)) return { body: text, omitted: [] };
  const omitted: string[] = [];
  const walk = (value: unknown, path: string[]): unknown => {
    if (typeof value === "string" && token.test(value)) {
      omitted.push(path.join("."));
      return redacted;
    }
    if (Array.isArray(value)) return value.map((one, at) => walk(one, [...path, String(at)]));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, walk(one, [...path, name])]));
  };
  return { body: JSON.stringify(walk(JSON.parse(text), [])), omitted };
}

/** The same text for the same JSON, whatever the order of its members. */
function canonical(value: unknown): string {
  const sorted = (_key: string, one: unknown) =>
    typeof one === "object" && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one;
  return JSON.stringify(value, sorted) ?? "";
}
