const folder = /^(packages\/[^/]+|plugins\/[^/]+|scripts\/lib|[^/]+)\//;

/** The folder that a file belongs to as a whole: a package, a plugin, a top-level folder. */
export const folderOf = (file) => folder.exec(file)?.[1];

/**
 * Folders that import each other, directly or around a ring, types included: each ring once, beginning with its first name.
 * @param {{ source: string, dependencies: { resolved: string }[] }[]} modules
 * @param {(file: string) => boolean} isTest whose imports do not count
 * @returns {string[][]}
 */
export function folderRings(modules, isTest) {
  const imports = new Map();
  for (const { source, dependencies } of modules) {
    const from = folderOf(source);
    if (!from || isTest(source)) continue;
    if (!imports.has(from)) imports.set(from, new Set());
    for (const { resolved } of dependencies) {
      const to = folderOf(resolved);
      if (to && to !== from && !isTest(resolved)) imports.get(from).add(to);
    }
  }
  const rings = new Map();
  const visit = (at, path) => {
    const known = path.indexOf(at);
    if (known >= 0) {
      const ring = path.slice(known);
      const first = ring.indexOf([...ring].sort()[0]);
      const turned = [...ring.slice(first), ...ring.slice(0, first)];
      rings.set(turned.join(" -> "), turned);
      return;
    }
    if (done.has(at)) return;
    for (const to of imports.get(at) ?? []) visit(to, [...path, at]);
    done.add(at);
  };
  const done = new Set();
  for (const from of [...imports.keys()].sort()) visit(from, []);
  return [...rings.values()];
}
