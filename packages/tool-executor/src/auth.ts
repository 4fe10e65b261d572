import type { SecurityScheme } from "./definition.ts";
import { CallFault } from "./faults.ts";
import type { PlannedRequest } from "./request.ts";
import { encode } from "./styles.ts";

/** Gets access tokens for `client_id:client_secret`. */
export type TokenSource = {
  get(scheme: Extract<SecurityScheme, { type: "oauth2" }>, key: string, request: PlannedRequest, signal: AbortSignal): Promise<string>;
  /** One that was refused is not used again. */
  forget(token: string): void;
};

const misconfigured = (message: string) => new CallFault("misconfigured", message);

/**
 * Puts the tool's key where its security scheme says. What a caller sent in that place is overwritten.
 * @returns every text that stands for the key in the request, an access token last.
 * @throws CallFault for a key that does not fit the scheme.
 */
export async function authenticate(
  request: PlannedRequest,
  scheme: SecurityScheme,
  key: string,
  { tokens, signal }: { tokens: TokenSource; signal: AbortSignal },
): Promise<string[]> {
  if (/[^\t\x20-\x7e]/.test(key))
    throw misconfigured("The tool's key has characters that cannot be sent, e.g. a line break. Enter it again.");
  if (scheme.type === "unsupported") throw misconfigured(`The security scheme's type ${scheme.what} is not supported.`);
  if (scheme.type === "apiKey") {
    if (scheme.in === "header") request.headers[scheme.name.toLowerCase()] = key;
    else if (scheme.in === "cookie") setPair(request.cookies, scheme.name, key);
    else {
      const pairs = request.url.search
        .replace(/^\?/, "")
        .split("&")
        .filter((pair) => pair !== "");
      setPair(pairs, scheme.name, key);
      request.url.search = pairs.join("&");
    }
    return [key, encode(key)];
  }
  if (scheme.type === "http" && scheme.scheme === "basic") {
    if (!key.includes(":")) throw misconfigured("The tool's key must be user:password for this security scheme.");
    const encoded = Buffer.from(key).toString("base64");
    request.headers.authorization = `Basic ${encoded}`;
    return [key, encoded, key.slice(key.indexOf(":") + 1)];
  }
  const isClient = scheme.type === "oauth2" && scheme.tokenUrl !== null && key.includes(":");
  const token = isClient ? await tokens.get(scheme, key, request, signal) : key;
  request.headers.authorization = `Bearer ${token}`;
  return [key, token];
}

function setPair(pairs: string[], name: string, value: string): void {
  const key = encode(name);
  const others = pairs.filter((pair) => pair !== key && !pair.startsWith(`${key}=`));
  pairs.splice(0, pairs.length, ...others, `${key}=${encode(value)}`);
}
