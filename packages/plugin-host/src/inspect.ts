import { AppError } from "@portico/core";
import { ConfigProviderServiceService as methods } from "@portico/protocol/config-provider";
import { PluginServiceService as fallback } from "@portico/protocol/plugin";
import { isUnimplemented } from "./call-errors.ts";
import { createHotClient } from "./hot-client.ts";
import type { Launcher } from "./launch/launcher.ts";
import { createLogRing } from "./logs.ts";
import type { Inspection } from "./types.ts";

const pingTimeoutMs = 5_000;
const readTimeoutMs = 10_000;
const maxTextChars = 1_000_000;
/** A person waits for the answer: shorter than a start may take. */
const maxHandshakeTimeoutMs = 15_000;

const unreadable = (what: string, why: string) =>
  new AppError({ code: "plugin_failed", message: `The plugin did not give its ${what}: ${why || "it gave no reason"}.` });

/** An old plugin may lack a method; that is an answer, not a fault. */
function unlessUnimplemented(error: unknown): undefined {
  if (!isUnimplemented(error)) throw error;
}

/** Config-only load: a process of its own, asked for manifest and schema, then killed. */
export async function inspectPlugin({
  command,
  checksum,
  launcher,
  handshakeTimeoutMs,
  signal,
}: {
  command: string;
  checksum: string;
  launcher: Launcher;
  handshakeTimeoutMs: number;
  signal: AbortSignal;
}): Promise<Inspection> {
  const options = { ring: createLogRing(), handshakeTimeoutMs: Math.min(maxHandshakeTimeoutMs, handshakeTimeoutMs) };
  const launched = await launcher.launch({ command, checksum }, options, signal);
  const client = createHotClient({ ...launched, name: command });
  try {
    const ping = { timestamp: Math.floor(Date.now() / 1000) };
    await client.unary(methods.ping, ping, { timeoutMs: pingTimeoutMs, signal }).catch(unlessUnimplemented);
    const schema =
      (await client.unary(methods.getConfigSchema, {}, { timeoutMs: readTimeoutMs, signal }).catch(unlessUnimplemented)) ??
      (await client.unary(fallback.getConfigSchema, {}, { timeoutMs: readTimeoutMs, signal }).catch(unlessUnimplemented));
    if (schema?.success === false) throw unreadable("config schema", schema.errorMessage);
    // Plugins without the config service answer the same questions on their main one; the oldest have no manifest at all.
    const provided = await client.unary(methods.getManifest, {}, { timeoutMs: readTimeoutMs, signal }).catch(unlessUnimplemented);
    const manifest =
      provided ?? (await client.unary(fallback.getManifest, {}, { timeoutMs: readTimeoutMs, signal }).catch(unlessUnimplemented));
    // On the main service, "no success" is how plugins without a manifest answer.
    if (provided?.success === false) throw unreadable("manifest", provided.errorMessage);
    const read = { manifest: manifest?.success ? manifest.manifestJson : "", configSchema: schema?.schemaJson || "{}" };
    for (const [what, text] of Object.entries(read))
      if (text.length > maxTextChars) throw unreadable(what, "it is longer than a million characters");
    return { ...read, codeHash: launched.process.codeHash ?? "" };
  } finally {
    client.close();
    await launched.kill();
  }
}
