import { sep } from "node:path";

/** The shell has single digits only for the folders that it holds open: 4 to 9. */
const firstFd = 4;
const lastFd = 9;

/** Added to a plugin's badness when the kernel looks for a process to end, of at most 1,000. */
export const oomScore = 500;

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const isBelow = (path: string, dir: string) => path.startsWith(dir.endsWith(sep) ? dir : dir + sep);

/** The folders that have to be put back: those below a shadow, unless they come with another folder that is put back. */
function keptOf(folders: string[], hidden: string[]): string[] {
  const all = [...new Set(folders)].filter((folder) => hidden.some((shadow) => isBelow(folder, shadow)));
  const comesWith = (folder: string, other: string) =>
    isBelow(folder, other) && !hidden.some((shadow) => isBelow(shadow, other) && (folder === shadow || isBelow(folder, shadow)));
  return all.filter((folder) => !all.some((other) => comesWith(folder, other)));
}

/** Mounts an empty folder over each shadow and puts the folders back that lie in one, from the outermost to the innermost. */
function mountLines(shadows: string[], folders: string[]): string[] {
  // What is needed itself cannot be hidden.
  const hidden = [...new Set(shadows)].filter((shadow) => !folders.includes(shadow));
  const kept = keptOf(folders, hidden);
  if (kept.length > lastFd - firstFd + 1) throw new Error(`its code lies in ${kept.length} folders that others cannot reach`);
  const held = kept.map((folder, at) => ({ path: folder, fd: firstFd + at }));
  const places = [...hidden.map((path) => ({ path, fd: undefined })), ...held].sort((a, b) => a.path.length - b.path.length);
  return [
    // Held open because a path does not lead there any more once a shadow lies over it.
    ...held.map(({ path, fd }) => `exec ${fd}<${quoted(path)}`),
    ...places.map(({ path, fd }) =>
      fd === undefined
        ? `[ ! -d ${quoted(path)} ] || mount -t tmpfs -o mode=0755,size=1m tmpfs ${quoted(path)}`
        : `mkdir -p ${quoted(path)} && mount -c --rbind /proc/self/fd/${fd} ${quoted(path)}`,
    ),
    ...held.map(({ fd }) => `exec ${fd}<&-`),
  ];
}

/**
 * A command that runs `executable` with `shadows` hidden and `folders` still visible in them. With `uid` (the host is root) it becomes
 * that user; without, it gets user and process namespaces: it can neither signal nor inspect what runs outside, nor bring back what
 * is hidden, and the kernel ends everything it started together with it.
 */
export function viewCommand({
  executable,
  shadows,
  folders,
  uid,
}: {
  executable: string;
  shadows: string[];
  folders: string[];
  uid?: number | undefined;
}): { file: string; args: string[] } {
  const cwd = process.cwd();
  const mounts = [
    "set -e",
    "umask 022",
    // When memory runs out, plugins go before the host.
    `echo ${oomScore} >/proc/self/oom_score_adj 2>/dev/null || :`,
    ...mountLines(shadows, folders),
    // Where the shell stands is still the folder under the shadow; by its name it is the one that may be seen.
    `cd ${quoted(cwd)} 2>/dev/null || cd /`,
  ];
  if (uid !== undefined) {
    const become = `exec setpriv --reuid ${uid} --regid ${uid} --clear-groups --no-new-privs -- ${quoted(executable)}`;
    return { file: "unshare", args: ["--mount", "--", "/bin/sh", "-c", [...mounts, become].join("\n")] };
  }
  const ids = `--map-user=${process.getuid?.()} --map-group=${process.getgid?.()}`;
  const script = [
    ...mounts,
    "mount -t proc proc /proc 2>/dev/null || :",
    // Not as the first process of its namespace, which signals do not reach as they reach others and to which orphans fall.
    "set +e",
    "exec 3<&0",
    `setpriv --no-new-privs unshare --user ${ids} -- ${quoted(executable)} <&3 3<&- &`,
    "exec 3<&-",
    "wait $!",
    "exit $?",
  ];
  const namespaces = ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child=KILL"];
  return { file: "unshare", args: [...namespaces, "--", "/bin/sh", "-c", script.join("\n")] };
}
