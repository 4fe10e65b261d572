import { isIP } from "node:net";
import { isAbsolute, resolve } from "node:path";
import { AppError } from "@portico/core";
import { callToken, directCalls, handshake } from "@portico/protocol";

/** Where a plugin listens: a unix socket, or a TCP port of this machine. */
export type PluginAddress = { network: "unix"; path: string } | { network: "tcp"; host: string; port: number };

/** What a plugin says of itself when it is ready. */
export type Handshake = {
  address: PluginAddress;
  /** It proves who it is in every call to the host. */
  carriesToken: boolean;
  /** It takes unary calls without HTTP/2 too. */
  takesDirectCalls: boolean;
};

const refuse = (message: string) => new AppError({ code: "plugin_failed", message });
const quoted = (line: string) => JSON.stringify(line.length > 200 ? `${line.slice(0, 200)}…` : line);

function parseTcp(address: string): PluginAddress {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3]);
  // A plugin process lives on this machine; anything else would let it aim the host at other people's servers.
  const loopback = host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
  if (!loopback || !(port >= 1 && port <= 65_535))
    throw refuse(`The plugin announced ${quoted(address)}, which is not a local TCP address.`);
  return { network: "tcp", host, port };
}

/**
 * Reads `CORE|APP|NETWORK|ADDRESS|PROTOCOL|CERT[|MULTIPLEX[|TOKEN[|CALLS]]]`.
 * @throws AppError plugin_failed naming the field that does not fit.
 */
export function parseHandshake(line: string): Handshake {
  const [core = "", app, network, address, protocol = "", , , token, calls] = line.trim().split("|");
  if (app === undefined || network === undefined || address === undefined)
    throw refuse(`Unrecognized remote plugin message: ${quoted(line)}. A plugin must print its handshake before anything else on stdout.`);
  if (core !== String(handshake.coreProtocol))
    throw refuse(`Incompatible core API version: the plugin speaks ${quoted(core)}, the host ${handshake.coreProtocol}.`);
  if (app !== String(handshake.appProtocol))
    throw refuse(`Incompatible API version: the plugin speaks ${quoted(app)}, the host ${handshake.appProtocol}.`);
  if (protocol !== "grpc") throw refuse(`Unsupported plugin protocol ${quoted(protocol || "netrpc")}; only grpc is.`);
  const carriesToken = token === callToken.handshakeField;
  const takesDirectCalls = calls === directCalls.handshakeField;
  if (network === "tcp") return { address: parseTcp(address), carriesToken, takesDirectCalls };
  if (network !== "unix" || !isAbsolute(address))
    throw refuse(`The plugin announced an unusable address: ${quoted(`${network}|${address}`)}.`);
  return { address: { network, path: resolve(address) }, carriesToken, takesDirectCalls };
}
