import { delimiter, dirname } from "node:path";
import { callToken, directCalls, handshake, type PluginRuntime } from "@portico/protocol";

/**
 * What a plugin inherits: how to find programs, which language and time zone to use, and how to reach the world from here. Everything
 * else of the host's environment may be a secret of somebody's.
 */
const inherited = new Set([
  "LANG",
  "LANGUAGE",
  "TZ",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
  "no_proxy",
  "NODE_EXTRA_CA_CERTS",
  "NODE_USE_SYSTEM_CA",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "REQUESTS_CA_BUNDLE",
  "CURL_CA_BUNDLE",
  "AWS_CA_BUNDLE",
]);

/** The host's own settings and whatever would change how a process starts; not even by request. */
const withheld = /^(DATABASE_URL|PG.*|ADMIN_.*|PORTICO_.*|PLUGIN_.*|NODE_OPTIONS|NODE_CHANNEL_FD|NODE_UNIQUE_ID|LD_.*|DYLD_.*)$/;

/** The variable that marks the processes of one plugin. */
export const processMark = "PORTICO_PLUGIN_PROCESS";

/** Environment of a plugin process. */
export function pluginEnvironment(
  host: NodeJS.ProcessEnv,
  {
    runtime,
    socketDir,
    homeDir,
    nodePath,
    mark,
    token,
    passed = [],
  }: {
    runtime: PluginRuntime;
    socketDir: string;
    homeDir: string;
    nodePath: string;
    mark: string;
    token: string;
    passed?: string[] | undefined;
  },
): NodeJS.ProcessEnv {
  const asked = new Set(passed.filter((name) => !withheld.test(name)));
  const kept = Object.entries(host).filter(([name]) => inherited.has(name) || name.startsWith("LC_") || asked.has(name));
  return {
    ...Object.fromEntries(kept),
    // `#!/usr/bin/env node` must find the Node that runs the host, whatever the machine has.
    PATH: [dirname(nodePath), host.PATH].filter(Boolean).join(delimiter),
    HOME: homeDir,
    // Libraries that do not know PLUGIN_UNIX_SOCKET_DIR make their sockets where temporary files go.
    TMPDIR: socketDir,
    [processMark]: mark,
    [callToken.variable]: token,
    [directCalls.variable]: directCalls.handshakeField,
    [handshake.cookieKey]: handshake.cookieValue,
    PLUGIN_MIN_PORT: String(handshake.minPort),
    PLUGIN_MAX_PORT: String(handshake.maxPort),
    PLUGIN_PROTOCOL_VERSIONS: String(handshake.appProtocol),
    PLUGIN_RUNTIME: runtime,
    PLUGIN_UNIX_SOCKET_DIR: socketDir,
  };
}
