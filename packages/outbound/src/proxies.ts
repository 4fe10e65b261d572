import { type Address, isIn, isLoopback, parseAddress, parseRange, type Range, withEmbedded } from "./addresses.ts";

/** The usual variables, in their usual spellings: what is set in lower case counts. */
export type ProxyVariables = { [name in ProxyVariable | Lowercase<ProxyVariable>]?: string | undefined };
type ProxyVariable = "HTTP_PROXY" | "HTTPS_PROXY" | "NO_PROXY";

export type OutboundProxy = {
  /** http or https: how the proxy itself is spoken to. */
  protocol: string;
  hostname: string;
  port: number;
  /** For `Proxy-Authorization`; "" when it takes everybody. Never logged. */
  authorization: string;
};

/** Which proxy a connection goes through; undefined for one that is made directly, as all to this machine are. */
export type ProxyFinder = (target: { protocol: string; host: string; port: number }) => OutboundProxy | undefined;

/** @throws Error naming the variable that cannot be read. */
export function readProxies(variables: ProxyVariables): ProxyFinder | undefined {
  const http = readProxy("HTTP_PROXY", variables.http_proxy ?? variables.HTTP_PROXY);
  const https = readProxy("HTTPS_PROXY", variables.https_proxy ?? variables.HTTPS_PROXY);
  if (!http && !https) return undefined;
  const isExcepted = readExceptions(variables.no_proxy ?? variables.NO_PROXY);
  return ({ protocol, host, port }) => {
    const proxy = protocol === "https:" ? https : http;
    if (!proxy || host === "localhost" || host.endsWith(".localhost")) return undefined;
    const address = parseAddress(host);
    return (address && withEmbedded(address).some(isLoopback)) || isExcepted(host, address, port) ? undefined : proxy;
  };
}

function readProxy(name: string, value = ""): OutboundProxy | undefined {
  const text = value.trim();
  if (text === "") return undefined;
  const written = text.includes("://") ? text : `http://${text}`;
  const url = URL.canParse(written) ? new URL(written) : undefined;
  // The value may hold a password.
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:") || url.hostname === "")
    throw new Error(`${name} must be the http or https URL of a proxy, e.g. http://proxy.example.com:3128.`);
  const credentials = `${decoded(url.username)}:${decoded(url.password)}`;
  return {
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port) || (url.protocol === "https:" ? 443 : 80),
    authorization: credentials === ":" ? "" : `Basic ${Buffer.from(credentials).toString("base64")}`,
  };
}

/** A percent sign that encodes nothing stands for itself. */
const decoded = (text: string): string => decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, "%25"));

type Exception = { host: string; port: number; range: Range | undefined };

/** NO_PROXY as curl and Go read it: names with what is below them, addresses, ranges, each with a port if it has one; `*` excepts all. */
function readExceptions(value = ""): (host: string, address: Address | undefined, port: number) => boolean {
  const exceptions = value
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(readException);
  return (host, address, port) =>
    exceptions.some((one) => {
      if (one.port > 0 && one.port !== port) return false;
      if (one.host === "*") return true;
      if (one.range) return address !== undefined && isIn(address, one.range);
      return host === one.host || host.endsWith(`.${one.host}`);
    });
}

function readException(entry: string): Exception {
  const [, named, digits] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [undefined, entry, "0"];
  const host = (named as string).replace(/^\[(.*)\]$/, "$1").replace(/^\*?\./, "");
  return { host, port: Number(digits), range: rangeIn(host) };
}

function rangeIn(host: string): Range | undefined {
  try {
    return parseRange(host);
  } catch {
    // A name.
    return undefined;
  }
}
