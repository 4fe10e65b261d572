import { readFileSync } from "node:fs";

/** Unassigned by every convention for user ids (systemd's UIDS-GIDS among them): 2^28 ids, of which a host takes a block at random. */
const wide = { from: 0x70000000, count: 0x10000000 };
/** For containers that map 65,536 ids only; unassigned as well. */
const narrow = { from: 60_578, count: 606 };
const blockSize = 1_024;
/** CAP_CHOWN, CAP_KILL, CAP_SETGID, CAP_SETUID */
const capabilities = [0n, 5n, 6n, 7n];

/** User ids that belong to nobody, each lent to one plugin process at a time. */
export type Users = { take(): number; give(uid: number): void };

const mapped = (map: string, { from, count }: { from: number; count: number }): boolean =>
  map.split("\n").some((line) => {
    const [first = 0, , length = 0] = line.trim().split(/\s+/).map(Number);
    return first <= from && from + count <= first + length;
  });

/** Undefined when this process cannot give processes other users: it is not root, lacks capabilities, or the system is not Linux. */
export function createUsers(): Users | undefined {
  if (process.platform !== "linux" || process.geteuid?.() !== 0) return undefined;
  let block: { from: number; count: number };
  try {
    const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"}`);
    if (capabilities.some((bit) => ((effective >> bit) & 1n) === 0n)) return undefined;
    const maps = ["/proc/self/uid_map", "/proc/self/gid_map"].map((path) => readFileSync(path, "utf8"));
    const blocks = wide.count / blockSize;
    if (maps.every((map) => mapped(map, wide)))
      block = { from: wide.from + blockSize * Math.floor(Math.random() * blocks), count: blockSize };
    else if (maps.every((map) => mapped(map, narrow))) block = narrow;
    else return undefined;
  } catch {
    return undefined;
  }
  const taken = new Set<number>();
  // Not from the start of the narrow block, which other hosts of this machine may share.
  let next = Math.floor(Math.random() * block.count);
  return {
    take() {
      for (let tries = 0; tries < block.count; tries += 1) {
        const uid = block.from + next;
        next = (next + 1) % block.count;
        if (taken.has(uid)) continue;
        taken.add(uid);
        return uid;
      }
      throw new Error(`all ${block.count} user ids for plugins are in use`);
    },
    give: (uid) => void taken.delete(uid),
  };
}
