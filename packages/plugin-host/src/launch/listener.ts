import { lstat, readdir, readFile, readlink, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError } from "@portico/core";
import type { PluginAddress } from "./handshake.ts";

const refuse = (message: string) => new AppError({ code: "plugin_failed", message });

/**
 * Takes a plugin's socket out of the folder that the plugin can write to, so that it stays the one that was looked at.
 * @throws AppError plugin_failed unless the address is a socket that lies in `socketDir` itself and belongs to `uid`.
 */
async function claimSocket(path: string, { socketDir, ownDir, uid }: { socketDir: string; ownDir: string; uid: number }): Promise<string> {
  const outside = `The plugin announced the socket ${JSON.stringify(path)}, which is not one of its own: a plugin listens in the folder named by PLUGIN_UNIX_SOCKET_DIR.`;
  if (dirname(path) !== socketDir) throw refuse(outside);
  const claimed = join(ownDir, "plugin");
  const isOwn = (found: Awaited<ReturnType<typeof lstat>>) => found.isSocket() && Number(found.uid) === uid;
  // The name first, for a plugin that announces what is not there; then what was moved, which the plugin cannot exchange any more.
  const named = await lstat(path).catch(() => undefined);
  if (named === undefined) throw refuse(`The plugin is not available: it announced the socket ${basename(path)}, which does not exist.`);
  if (!isOwn(named)) throw refuse(outside);
  await rename(path, claimed);
  if (!isOwn(await lstat(claimed))) throw refuse(outside);
  return claimed;
}

type Listener = { uid: number; inode: string };

/** Who listens on a TCP port of this machine, as the kernel lists it. */
async function listenersOn(port: number): Promise<Listener[]> {
  const tables = await Promise.all(["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readFile(path, "utf8").catch(() => "")));
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return tables
    .flatMap((table) => table.split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = "", , state]) => state === "0A" && local.endsWith(`:${wanted}`))
    .map(([, , , , , , , uid, , inode = ""]) => ({ uid: Number(uid), inode }));
}

async function socketsOf(pid: number): Promise<string[]> {
  const dir = `/proc/${pid}/fd`;
  const fds = await readdir(dir).catch(() => []);
  return Promise.all(fds.map((fd) => readlink(join(dir, fd)).catch(() => "")));
}

/** @throws AppError plugin_failed unless every listener on the port is one of the given processes'. */
async function requireOwnPort(port: number, processes: () => Promise<number[]>): Promise<void> {
  const listeners = await listenersOn(port);
  const own = new Set((await Promise.all((await processes()).map(socketsOf))).flat());
  if (listeners.length > 0 && listeners.every(({ inode }) => own.has(`socket:[${inode}]`))) return;
  throw refuse(
    `The plugin announced TCP port ${port}, on which no process of its own is seen to listen. Listen on a socket in PLUGIN_UNIX_SOCKET_DIR.`,
  );
}

/**
 * The address to connect to, once it is certain that the plugin itself listens there: a plugin that names another's would have the
 * host mistake that one for it.
 * @throws AppError plugin_failed
 */
export async function claimAddress(
  address: PluginAddress,
  own: { socketDir: string; ownDir: string; uid: number; processes: () => Promise<number[]> },
): Promise<PluginAddress> {
  if (address.network === "unix") return { network: "unix", path: await claimSocket(address.path, own) };
  await requireOwnPort(address.port, own.processes);
  return address;
}
