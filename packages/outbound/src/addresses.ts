import ipaddr from "ipaddr.js";

export type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type Range = readonly [address: Address, bits: number];

/** What an address is to us: nobody's business ever, inside (this machine, private networks), or the internet. */
export type Kind = { reach: "never" | "inside" | "outside"; is: string };

const ranges = (is: string, reach: Kind["reach"], ...cidrs: string[]) => ({ kind: { reach, is }, list: cidrs.map(parseRange) });

// The first match counts: metadata services live inside other ranges.
const kinds = [
  ranges(
    "a cloud metadata address",
    "never",
    "169.254.169.254/32", // AWS, Google, Azure, Oracle, DigitalOcean, Hetzner and most others
    "169.254.170.0/24", // credentials of AWS containers
    "169.254.42.42/32", // Scaleway
    "169.254.0.23/32", // Tencent
    "100.100.100.200/32", // Alibaba
    "168.63.129.16/32", // Azure's wire server
    "192.0.0.192/32", // Oracle Cloud Classic
    "fd00:ec2::/32", // AWS
    "fd20:ce::254/128", // Google
    "fd00:c1::a9fe:a9fe/128", // Oracle
    "fd00:42::42/128", // Scaleway
  ),
  ranges("a link-local address", "never", "169.254.0.0/16", "fe80::/10"),
  ranges("an unspecified address", "never", "0.0.0.0/8", "::/128"),
  ranges("a multicast address", "never", "224.0.0.0/4", "ff00::/8"),
  ranges("a broadcast or reserved address", "never", "240.0.0.0/4"),
  ranges("a loopback address", "inside", "127.0.0.0/8", "::1/128"),
  ranges(
    "a private address",
    "inside",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10", // carrier-grade NAT
    "192.0.0.0/24",
    "198.18.0.0/15",
    "fc00::/7",
    "fec0::/10",
  ),
];
const outside: Kind = { reach: "outside", is: "a public address" };

/** An IP address as text, with or without brackets; undefined for a name. */
export function parseAddress(host: string): Address | undefined {
  const text = host.replace(/^\[(.*)\]$/, "$1");
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text) ? ipaddr.parse(text) : undefined;
}

/** `10.0.0.0/8`, or one address. @throws Error when it is neither. */
export function parseRange(text: string): Range {
  const [host = "", bits] = text.split("/");
  const address = parseAddress(host);
  if (!address) throw new Error(`${text} is not an address or a range of addresses`);
  return bits === undefined ? [address, address.kind() === "ipv4" ? 32 : 128] : ipaddr.parseCIDR(text);
}

export const isIn = (address: Address, [network, bits]: Range): boolean =>
  address.kind() === network.kind() && address.match(network, bits);

export const kindOf = (address: Address): Kind => kinds.find(({ list }) => list.some((range) => isIn(address, range)))?.kind ?? outside;

const loopback = ["127.0.0.0/8", "::1"].map(parseRange);
const unspecified = ["0.0.0.0", "::"].map(parseRange);
export const isLoopback = (address: Address): boolean => loopback.some((range) => isIn(address, range));
export const isUnspecified = (address: Address): boolean => unspecified.some((range) => isIn(address, range));

/**
 * The address and every IPv4 address that a network may take it for: a packet to 64:ff9b::7f00:1 arrives at 127.0.0.1 where the
 * translator is, and a judgement of the outer address alone says nothing of that.
 */
export function withEmbedded(address: Address): Address[] {
  if (address.kind() === "ipv4") return [address];
  const bytes = address.toByteArray();
  const hex = Buffer.from(bytes).toString("hex");
  const at = (start: number, mask = 0): Address => new ipaddr.IPv4(bytes.slice(start, start + 4).map((byte) => byte ^ mask));
  const found: Address[] = [address];
  const isBelow96 = hex.startsWith("0".repeat(24)) && BigInt(`0x${hex}`) > 0xffffn;
  // IPv4-compatible, IPv4-mapped, IPv4-translated, NAT64 and its local-use prefix, ISATAP
  if (isBelow96 || /^0{20}f{4}|^0{16}f{4}0{4}|^0064ff9b0{16}|^0064ff9b0001|^.{16}0[02]005efe/.test(hex)) found.push(at(12));
  if (hex.startsWith("2002")) found.push(at(2)); // 6to4
  if (hex.startsWith("20010000")) found.push(at(4), at(12, 0xff)); // Teredo: its server, and the client with its bits flipped
  return found;
}
