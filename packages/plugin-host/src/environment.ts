import { delimiter, dirname } from "node:path";
import { handshake, type PluginRuntime } from "@portico/protocol";

/** What is the host's own business (settings, secrets, where its files are), and what would change how the child starts or shakes hands. */
const withheld = [
  /^DATABASE_URL$/,
  /^PG/,
  /^ADMIN_/,
  /^PORTICO_/,
  /^npm_/i,
  /^PLUGIN_(CLIENT_CERT|MULTIPLEX_GRPC|UNIX_SOCKET_GROUP)$/,
  /^NODE_(OPTIONS|CHANNEL_FD|UNIQUE_ID)$/,
];

/** Environment of a plugin process: the host's without its secrets, and what the handshake needs. */
export function pluginEnvironment(
  host: NodeJS.ProcessEnv,
  { runtime, socketDir, nodePath }: { runtime: PluginRuntime; socketDir: string; nodePath: string },
): NodeJS.ProcessEnv {
  const kept = Object.entries(host).filter(([name]) => !withheld.some((pattern) => pattern.test(name)));
  return {
    ...Object.fromEntries(kept),
    // `#!/usr/bin/env node` must find the Node that runs the host, whatever the machine has.
    PATH: [dirname(nodePath), host.PATH].filter(Boolean).join(delimiter),
    [handshake.cookieKey]: handshake.cookieValue,
    PLUGIN_MIN_PORT: String(handshake.minPort),
    PLUGIN_MAX_PORT: String(handshake.maxPort),
    PLUGIN_PROTOCOL_VERSIONS: String(handshake.appProtocol),
    PLUGIN_RUNTIME: runtime,
    PLUGIN_UNIX_SOCKET_DIR: socketDir,
  };
}
