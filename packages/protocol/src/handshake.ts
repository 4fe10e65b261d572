/** Constants of the go-plugin handshake between a host and a plugin process. Shared by host and SDK; never change. */
export const handshake = {
  /** Environment variable that proves to a plugin that a host started it. */
  cookieKey: "AI_STUDIO_PLUGIN",
  cookieValue: "v1",
  /** go-plugin's own protocol revision, first field of the handshake line. */
  coreProtocol: 1,
  /** Revision of the plugin services, second field of the handshake line. */
  appProtocol: 1,
  minPort: 10_000,
  maxPort: 25_000,
} as const;

/**
 * A secret of one process, which it carries in every call to its host's services. Beyond go-plugin: a plugin that does so says it in the
 * eighth field of its handshake line, which other hosts do not read, and from then on the host takes no call without it.
 */
export const callToken = {
  variable: "PORTICO_PLUGIN_TOKEN",
  /** gRPC metadata of each call. */
  header: "x-portico-plugin-token",
  handshakeField: "token",
} as const;

/**
 * Unary calls without HTTP/2, on the same socket as all others. A host that can make them sets the variable; a plugin that takes them says it
 * in the ninth field of its handshake line, after the token's.
 */
export const directCalls = {
  variable: "PORTICO_PLUGIN_DIRECT_CALLS",
  handshakeField: "direct1",
} as const;

/** Which host a plugin runs under; passed as the environment variable PLUGIN_RUNTIME. */
export type PluginRuntime = "studio" | "gateway";
