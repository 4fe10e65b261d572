import { lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { networkInterfaces } from "node:os";
import { Agent, buildConnector } from "undici";
import { type Address, isLoopback, isUnspecified, kindOf, parseAddress, withEmbedded } from "./addresses.ts";
import { type ProxyVariables, readProxies } from "./proxies.ts";
import { readRules } from "./rules.ts";
import { openTunnel } from "./tunnel.ts";

/**
 * What a connection is for. Only LLM endpoints and base URLs of tools may be on this machine or in private networks unless a setting says
 * otherwise: an administrator enters them one by one, and own APIs are what tools are for.
 */
export type Purpose = "llm" | "tool" | "webhook" | "import" | "plugin";

/** A port of our own; an empty host is this machine. */
export type OwnPort = { host: string; port: number };

export type OutboundSettings = {
  /** PORTICO_OUTBOUND_ALLOW: opened for every purpose, though what is never called stays closed. */
  allow?: string | undefined;
  /** PORTICO_OUTBOUND_DENY: closed for every purpose, and stronger than `allow`. */
  deny?: string | undefined;
  own?: readonly OwnPort[];
  /** HTTP_PROXY, HTTPS_PROXY and NO_PROXY, or their lower-case spellings, e.g. the environment. */
  proxies?: ProxyVariables | undefined;
  /** How names are resolved, and which addresses this machine has. */
  lookup?: LookupFunction;
  localAddresses?: () => string[];
};

/** A connection that the policy does not allow. */
export class OutboundRefused extends Error {
  readonly code = "OUTBOUND_REFUSED";
}

export type Outbound = ReturnType<typeof createOutbound>;

const metadataNames = /^(metadata|metadata\.google\.internal|metadata\.goog|instance-data(\.ec2\.internal)?)$/;
const isLocalName = (host: string): boolean => /(^|\.)localhost$/.test(host);
const maxConnectors = 256;
const defaultTimeoutMs = 10_000;
/** For the addresses of a name that a proxy will resolve: where only the proxy reaches the DNS, an answer may never come. */
const proxiedLookupMs = 2_000;

/**
 * The one judge of where connections may go that an administrator, a plugin or a vendor names. Every connection is judged by the
 * address it is really made to: a name that resolves to something else a moment later, a redirect and a spelling of an address
 * (octal, mapped, translated) all end at the same question. An open connection costs nothing more.
 * @throws Error when a setting cannot be read.
 */
export function createOutbound({
  allow,
  deny,
  own = [],
  proxies = {},
  lookup = systemLookup as LookupFunction,
  localAddresses = () => Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
}: OutboundSettings = {}) {
  const allowed = readRules("PORTICO_OUTBOUND_ALLOW", allow);
  const denied = readRules("PORTICO_OUTBOUND_DENY", deny);
  const proxyFor = readProxies(proxies);

  function isThisMachine(address: Address): boolean {
    const text = address.toNormalizedString();
    return isLoopback(address) || localAddresses().some((one) => parseAddress(one.replace(/%.*$/, ""))?.toNormalizedString() === text);
  }

  /** Whether this host and port are where one of our own servers listens. */
  function isOwn(host: string, addresses: Address[], port: number): boolean {
    return own.some((one) => {
      if (one.port !== port) return false;
      const at = normalHost(one.host);
      if (at === host) return true;
      const listening = parseAddress(at);
      const isHere = at === "" || isLocalName(at) || (listening && (isUnspecified(listening) || isThisMachine(listening)));
      if (isHere) return isLocalName(host) || addresses.some(isThisMachine);
      return listening !== undefined && addresses.some((address) => address.toNormalizedString() === listening.toNormalizedString());
    });
  }

  /** Why a connection is not allowed, to be said of what leads there; undefined when it is. */
  function faultOf(purpose: Purpose, host: string, port: number, address: Address | undefined): string | undefined {
    const candidates = address ? withEmbedded(address) : [];
    const shown = address ? address.toString() : host;
    if (denied.hasHost(host) || candidates.some(denied.hasAddress)) return `leads to ${shown}, which PORTICO_OUTBOUND_DENY forbids`;
    if (metadataNames.test(host)) return `leads to ${host}, a cloud metadata service, which is never called`;
    if (isOwn(host, candidates, port)) return `leads to port ${port} of this installation itself, which is never called`;
    const all = candidates.map(kindOf);
    const never = all.find(({ reach }) => reach === "never");
    if (never) return `leads to ${shown}, ${never.is}, and such addresses are never called`;
    if (purpose === "llm" || purpose === "tool" || allowed.hasHost(host) || candidates.some(allowed.hasAddress)) return undefined;
    const inside = all.find(({ reach }) => reach === "inside");
    if (inside)
      return `leads to ${shown}, ${inside.is}: only LLM endpoints and base URLs of tools may, unless PORTICO_OUTBOUND_ALLOW names it`;
    return undefined;
  }

  /** The system's answer without the addresses that are not allowed; one that has no others is refused. */
  const guardedLookup =
    (purpose: Purpose, port: number): LookupFunction =>
    (hostname, options, callback) =>
      lookup(hostname, { ...options, all: true }, (error, found) => {
        if (error) return callback(error, []);
        const addresses = (Array.isArray(found) ? found : []).map((one) => ({
          ...one,
          fault: faultOf(purpose, normalHost(hostname), port, parseAddress(one.address) ?? unreadable(one.address)),
        }));
        const open = addresses.filter(({ fault }) => fault === undefined).map(({ address, family }) => ({ address, family }));
        const [first] = open;
        if (!first) return callback(new OutboundRefused(`${hostname} ${addresses[0]?.fault ?? "has no address"}.`), []);
        if (options.all) callback(null, open);
        else callback(null, first.address, first.family);
      });

  /**
   * What is wrong with the addresses that a name has here, when a proxy will resolve it: it may choose any of them. A name that only
   * the proxy knows is left to it.
   */
  function judgeProxied(purpose: Purpose, { host, port }: { host: string; port: number }, done: (fault: string | undefined) => void): void {
    if (parseAddress(host)) {
      done(undefined);
      return;
    }
    const timer = setTimeout(() => done(undefined), proxiedLookupMs);
    lookup(host, { all: true }, (error, found) => {
      clearTimeout(timer);
      const addresses = error || !Array.isArray(found) ? [] : found;
      const faults = addresses.map(({ address }) => faultOf(purpose, host, port, parseAddress(address)));
      done(faults.find((fault) => fault !== undefined));
    });
  }

  /** For `connect` of undici's pools and agents. */
  function connector(purpose: Purpose, options: buildConnector.BuildOptions = {}): buildConnector.connector {
    const byPort = new Map<number, buildConnector.connector>();
    return (target, callback) => {
      const host = normalHost(target.hostname);
      const port = portOf(target);
      const fault = faultOf(purpose, host, port, parseAddress(host));
      if (fault) return queueMicrotask(() => callback(new OutboundRefused(`${target.hostname} ${fault}.`), null));
      let connect = byPort.get(port);
      if (!connect) {
        if (byPort.size >= maxConnectors) byPort.clear();
        connect = buildConnector({ ...options, lookup: guardedLookup(purpose, port) });
        byPort.set(port, connect);
      }
      const proxy = proxyFor?.({ protocol: target.protocol, host, port });
      if (!proxy) return connect(target, callback);
      const throughTunnel = connect;
      let isJudged = false;
      judgeProxied(purpose, { host, port }, (faultOfName) => {
        if (isJudged) return;
        isJudged = true;
        if (faultOfName) return callback(new OutboundRefused(`${target.hostname} ${faultOfName}.`), null);
        openTunnel({ proxy, host, port, timeoutMs: options.timeout ?? defaultTimeoutMs }, (error, socket) => {
          if (error || !socket) return callback(error ?? new Error("no socket"), null);
          if (target.protocol === "https:") throughTunnel({ ...target, httpSocket: socket }, callback);
          else callback(null, socket);
        });
      });
    };
  }

  return {
    /** Judges a URL as far as that is possible without asking for the addresses of a name. */
    faultOfUrl(purpose: Purpose, url: URL): string | undefined {
      const host = normalHost(url.hostname);
      return faultOf(purpose, host, portOf(url), parseAddress(host));
    },

    connector,

    /** A dispatcher for undici's `fetch` and `request`; redirects that are followed are judged like first requests. */
    agent({ purpose, connect, ...options }: AgentOptions): Agent {
      return new Agent({ ...options, connect: connector(purpose, connect) });
    },
  };
}

type AgentOptions = Omit<Agent.Options, "connect"> & { purpose: Purpose; connect?: buildConnector.BuildOptions };

/** The same name in one spelling: lower case, no brackets, no final dot. */
const normalHost = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");

const portOf = ({ protocol, port }: { protocol: string; port: string }): number => Number(port) || (protocol === "https:" ? 443 : 80);

function unreadable(address: string): never {
  throw new OutboundRefused(`The resolver answered with ${JSON.stringify(address)}, which is no address.`);
}
