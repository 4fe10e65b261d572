import { readdirSync, readFileSync } from "node:fs";

const statOf = (pid) => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined;
  }
};

/** A process and all below it: a gateway with its plugins, a proxy with its workers. */
function treeOf(pid) {
  const parents = new Map();
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? statOf(name) : undefined;
    if (stat) parents.set(Number(name), stat.parent);
  }
  const isBelow = (one) => {
    for (let at = one; at > 1; at = parents.get(at) ?? 0) if (at === pid) return true;
    return false;
  };
  return [...parents.keys()].filter(isBelow);
}

/** Nanoseconds that a process's threads have run; the kernel's clock ticks where it does not count finer. */
function ranNs(pid) {
  let ns = 0;
  try {
    for (const task of readdirSync(`/proc/${pid}/task`))
      ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]);
    return ns;
  } catch {
    return (statOf(pid)?.ticks ?? 0) * 10_000_000;
  }
}

/** Microseconds of CPU that a server has used so far, by all its processes; NaN where there is no /proc. */
export function usedUs(pid) {
  try {
    return treeOf(pid).reduce((sum, one) => sum + ranNs(one), 0) / 1_000;
  } catch {
    return Number.NaN;
  }
}
