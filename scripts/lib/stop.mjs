/** An ending with one sentence for the person at the terminal: what is wrong and what to do. */
export class Stop extends Error {
  /** @param {string} sentence  @param {{ detail?: string[], exitCode?: number, cause?: unknown }} [more] lines to show before the sentence */
  constructor(sentence, { detail = [], exitCode = 1, cause } = {}) {
    super(sentence, { cause });
    this.name = "Stop";
    this.detail = detail;
    this.exitCode = exitCode;
  }
}

/** The person asked for the end (Ctrl-C and the like), while something was still under way. */
export class Interrupted extends Stop {
  constructor() {
    super("Stopped.", { exitCode: 130 });
    this.name = "Interrupted";
  }
}

/** Turns the system's errors into a sentence with the fix; anything else comes back as it was. */
export function explain(error, { doing = "", path = "" } = {}) {
  if (error instanceof Stop) return error;
  const where = path || error?.path || "";
  const what = doing ? `${doing}: ` : "";
  switch (error?.code) {
    case "ENOSPC":
    case "EDQUOT":
      return new Stop(`${what}the disk is full${where ? ` (${where})` : ""}; free some space and run the same command again.`, {
        cause: error,
      });
    case "EROFS":
      return new Stop(`${what}${where} is on a read-only disk; set PORTICO_DATA_DIR to a folder that can be written.`, { cause: error });
    case "EACCES":
    case "EPERM":
      return new Stop(
        `${what}${where} may not be written by this user; change its owner, or set PORTICO_DATA_DIR to a folder of your own.`,
        {
          cause: error,
        },
      );
    case "ENOTDIR":
    case "EEXIST":
      return new Stop(`${what}${where} is in the way: it is a file where a folder is needed; move it, or set PORTICO_DATA_DIR.`, {
        cause: error,
      });
    default:
      return error;
  }
}

/** The same for the last lines that a failed program wrote. */
export function explainOutput(lines) {
  const text = lines.join("\n");
  if (/ENOSPC|No space left on device|disk full|EDQUOT/i.test(text))
    return "the disk is full; free some space and run the same command again.";
  const port = /EADDRINUSE[^\n]*?:(\d{2,5})\b/.exec(text);
  if (port) return `port ${port[1]} is taken by another program; stop it, or choose another port (README, settings).`;
  if (/EADDRINUSE/.test(text)) return "a port it needs is taken by another program; stop it, or choose another port (README, settings).";
  if (/ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRESET|network/i.test(text) && /npm/i.test(text))
    return "the npm registry does not answer; check the network (or npm's registry setting) and run the same command again.";
  if (/heap out of memory|ENOMEM|Cannot allocate memory/i.test(text))
    return "there is not enough memory; free some (2 GB is plenty) and run the same command again.";
  if (/EROFS|read-only file system/i.test(text)) return "the disk is read-only; use a folder that can be written.";
  if (/EACCES|permission denied/i.test(text))
    return "this user may not write there; run it as the owner of this folder, or give the folder to this user.";
  return "";
}
