import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { basename, dirname, join } from "node:path";
import { explain, Stop } from "./stop.mjs";

const megabyte = 1024 * 1024;

/** Refuses a disk with less room than the work ahead needs. */
export function checkDisk(dir, neededMb, doing) {
  let place = dir;
  while (!existsSync(place)) place = dirname(place);
  let free;
  try {
    const { bavail, bsize } = statfsSync(place);
    free = Math.floor((bavail * bsize) / megabyte);
  } catch {
    // Some file systems cannot say; what follows then says it when it happens.
    return;
  }
  if (free < neededMb)
    throw new Stop(
      `${doing} needs ${neededMb} MB of disk and ${place} has ${free} MB free; free some space and run the same command again.`,
    );
}

/** Makes the data folder and proves that it can be written. */
export function prepareDataDir(dir) {
  try {
    const isNew = !existsSync(dir);
    mkdirSync(dir, { recursive: true });
    // As root the database runs under another account, which has to pass through; every secret inside has its own 0600.
    if (isNew) chmodSync(dir, process.getuid?.() === 0 ? 0o711 : 0o700);
    const probe = join(dir, `.probe-${process.pid}`);
    writeFileSync(probe, "x");
    rmSync(probe);
  } catch (error) {
    // Node reports a folder that cannot be made on a read-only disk as one that does not exist.
    const known = error.code === "ENOENT" && error.syscall === "mkdir" ? Object.assign(error, { code: "EROFS" }) : error;
    throw explain(known, { doing: "The data folder cannot be used", path: dir });
  }
}

/** Refuses a port that somebody listens on, naming the program and the way out. */
export async function checkPort(host, port, variable) {
  const problem = await new Promise((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
  if (!problem) return;
  if (problem.code === "EADDRINUSE") {
    const owner = portOwner(port);
    throw new Stop(
      `Port ${port} is taken${owner ? ` by ${owner}` : " by another program"}; stop it, or choose another: ${variable}=${suggestion(port)} npm start.`,
    );
  }
  if (problem.code === "EACCES")
    throw new Stop(`Port ${port} may not be opened by this user; choose one above 1024: ${variable}=${port + 3000} npm start.`);
  if (problem.code === "EADDRNOTAVAIL" || problem.code === "ENOTFOUND" || problem.code === "EAI_AGAIN")
    throw new Stop(`HOST=${host} is not an address of this machine; leave it out for 127.0.0.1, or set HOST=0.0.0.0 for all addresses.`);
  throw problem;
}

const suggestion = (port) => (port < 65_000 ? port + 1 : port - 1000);

/** "node (process 1234)" for whoever listens on a port, as far as this user may know. */
export function portOwner(port) {
  try {
    return process.platform === "linux" ? linuxPortOwner(port) : lsofPortOwner(port);
  } catch {
    return "";
  }
}

function linuxPortOwner(port) {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const sockets = new Set();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    if (!existsSync(table)) continue;
    for (const line of readFileSync(table, "utf8").split("\n").slice(1)) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      // State 0A is LISTEN.
      if (local?.endsWith(`:${hex}`) && state === "0A") sockets.add(`socket:[${inode}]`);
    }
  }
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`))
        if (sockets.has(readlinkSync(`/proc/${pid}/fd/${fd}`))) return `${commandOf(pid)} (process ${pid})`;
    } catch {
      // Another user's process, or one that has just ended.
    }
  }
  return "";
}

function commandOf(pid) {
  const [program = "", ...args] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").filter(Boolean);
  // The script says more than the interpreter; further arguments may hold secrets.
  const script = args.find((arg) => !arg.startsWith("-"));
  return `${basename(program) || "a program"}${script && script.length < 80 ? ` ${script}` : ""}`;
}

function lsofPortOwner(port) {
  const text = execFileSync("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const pid = /^p(\d+)/m.exec(text)?.[1];
  const command = /^c(.+)/m.exec(text)?.[1];
  return pid ? `${command ?? "a program"} (process ${pid})` : "";
}
