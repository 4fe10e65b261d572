import type { IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv6 } from "node:net";

/** Where a request comes from, as far as it can be believed. */
export type Origin = { ip: string; isSecure: boolean };

/** What proxies say about the request they pass on. */
const forwardedHeaders = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/**
 * Anyone can send X-Forwarded-For. It counts only on a connection from a trusted proxy, and then only the last address that is not a
 * proxy's: the rest may be what the client wrote.
 */
export function createProxyTrust(trusted: string[]) {
  const proxies = new BlockList();
  for (const entry of trusted) {
    const [address = "", bits] = entry.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(bits), family);
  }
  const isProxy = (ip: string) => isIP(ip) !== 0 && proxies.check(ip, isIPv6(ip) ? "ipv6" : "ipv4");

  /** The rightmost hop that is not a trusted proxy. Anything left of it, or of an invalid entry, can be forged. */
  function clientOf(forwardedFor: string): string | undefined {
    for (const hop of forwardedFor.split(",").reverse()) {
      const ip = plainAddress(withoutPort(hop.trim()));
      if (isIP(ip) === 0) return undefined;
      if (!isProxy(ip)) return ip;
    }
    return undefined;
  }

  /** Removes forwarding headers that did not come from a trusted proxy, so that no later code can rely on them. */
  function judge({
    peer,
    isTls,
    read,
    drop,
  }: {
    peer: string;
    isTls: boolean;
    read(name: string): string;
    drop(name: string): void;
  }): Origin {
    const ip = plainAddress(peer);
    if (!isProxy(ip)) {
      for (const name of forwardedHeaders) drop(name);
      return { ip, isSecure: isTls };
    }
    const proto = read("x-forwarded-proto").split(",").at(-1)?.trim();
    return { ip: clientOf(read("x-forwarded-for")) ?? ip, isSecure: proto ? proto === "https" : isTls };
  }

  return {
    ofRequest: (request: Request, peer: string): Origin =>
      judge({
        peer,
        isTls: request.url.startsWith("https:"),
        read: (name) => request.headers.get(name) ?? "",
        drop: (name) => request.headers.delete(name),
      }),
    ofMessage: (message: IncomingMessage): Origin =>
      judge({
        peer: message.socket.remoteAddress ?? "",
        isTls: "encrypted" in message.socket,
        read: (name) => String(message.headers[name] ?? ""),
        drop: (name) => void delete message.headers[name],
      }),
  };
}
export type ProxyTrust = ReturnType<typeof createProxyTrust>;

/** True for an address or a network such as 10.0.0.0/8. */
export function isAddressOrNetwork(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** An IPv4 address that arrives at an IPv6 socket is still that IPv4 address. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
}

/** Some proxies write the port too: 192.0.2.1:4711, [2001:db8::1]:4711. */
function withoutPort(hop: string): string {
  return /^\[(.+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(hop)?.[1] ?? hop;
}
