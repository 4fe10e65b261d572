import { createHash } from "node:crypto";
import type { Dispatcher } from "undici";
import type { TokenSource } from "./auth.ts";
import { exchange } from "./exchange.ts";
import { CallFault } from "./faults.ts";
import { encode } from "./styles.ts";

const maxTokens = 500;
const maxTokenAnswerBytes = 64 * 1024;
/** A token is not used in the last moments of its life. */
const marginMs = 30_000;
const usualLifeMs = 5 * 60_000;
const longestLifeMs = 24 * 60 * 60_000;

/** Tokens of the client credentials grant (RFC 6749 §4.4), kept in memory until shortly before they end. */
export function createTokenSource({
  dispatcherFor,
  now = Date.now,
}: {
  dispatcherFor(isFromDocument: boolean): Dispatcher;
  now?: () => number;
}): TokenSource {
  const kept = new Map<string, { token: string; until: number }>();

  return {
    async get(scheme, key, request, signal) {
      const relative = scheme.tokenUrl ?? "";
      if (!URL.canParse(relative, request.url))
        throw new CallFault("misconfigured", `The token URL ${JSON.stringify(relative)} is not a URL.`);
      const url = new URL(relative, request.url);
      if (!/^https?:$/.test(url.protocol)) throw new CallFault("misconfigured", "The token URL is not an http or https URL.");
      const id = createHash("sha256")
        .update(`${url.href}\0${scheme.scopes.join(" ")}\0${key}`)
        .digest("base64");
      const known = kept.get(id);
      if (known && known.until > now()) return known.token;
      // Where the person who made the tool points it may be inside; a document alone may not lead there.
      const isFromDocument = request.isFromDocument || url.origin !== request.url.origin;
      const separator = key.indexOf(":");
      const credentials = [key.slice(0, separator), key.slice(separator + 1)].map(encode).join(":");
      const scope = scheme.scopes.length === 0 ? "" : `&scope=${encode(scheme.scopes.join(" "))}`;
      const { status, bytes } = await exchange(
        dispatcherFor(isFromDocument),
        {
          url,
          method: "POST",
          headers: {
            accept: "application/json",
            "accept-encoding": "identity",
            "content-type": "application/x-www-form-urlencoded",
            authorization: `Basic ${Buffer.from(credentials).toString("base64")}`,
          },
          body: Buffer.from(`grant_type=client_credentials${scope}`),
        },
        { maxAnswerBytes: maxTokenAnswerBytes, signal },
      );
      const { token, lifeMs } = tokenIn(bytes);
      if (status !== 200 || token === undefined)
        throw new CallFault("misconfigured", `${url.host} gave no access token for the tool's key (status ${status}).`);
      const [oldest] = kept.keys();
      if (kept.size >= maxTokens && oldest !== undefined) kept.delete(oldest);
      kept.set(id, { token, until: now() + Math.min(lifeMs, longestLifeMs) - marginMs });
      return token;
    },

    forget(token) {
      for (const [id, one] of kept) if (one.token === token) kept.delete(id);
    },
  };
}

function tokenIn(bytes: Buffer): { token: string | undefined; lifeMs: number } {
  try {
    const { access_token, expires_in } = JSON.parse(bytes.toString("utf8")) as Record<string, unknown>;
    const token = typeof access_token === "string" && /^[\x21-\x7e]+$/.test(access_token) ? access_token : undefined;
    const seconds = Number(expires_in);
    return { token, lifeMs: seconds > 0 ? seconds * 1000 : usualLifeMs };
  } catch {
    return { token: undefined, lifeMs: 0 };
  }
}
