import { appendFileSync, chmodSync, existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";

const maxBytes = 10 * 1024 * 1024;
const keptFiles = 3;
const colours = { warn: 33, error: 31, debug: 90 };

/**
 * The log of one process: a file that is rotated by size, the last lines for when it fails, and on the terminal only what
 * somebody should know (everything with `verbose`).
 */
export function createLog({ dir, name, progress, verbose = false, loud = () => false }) {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  // One of an earlier version may be open to others.
  chmodSync(dir, 0o700);
  const file = join(dir, `${name}.log`);
  let size = existsSync(file) ? statSync(file).size : 0;
  let broken = false;
  const recent = [];

  function rotate() {
    for (let i = keptFiles - 1; i >= 1; i--) if (existsSync(`${file}.${i}`)) renameSync(`${file}.${i}`, `${file}.${i + 1}`);
    renameSync(file, `${file}.1`);
    size = 0;
  }

  return {
    file,
    recent: (count = 15) => recent.slice(-count).map((line) => readable(line)),
    write(line, stream = "stdout") {
      recent.push(line);
      if (recent.length > 100) recent.shift();
      try {
        if (size > maxBytes) rotate();
        appendFileSync(file, `${line}\n`, { mode: 0o600 });
        if (size === 0) chmodSync(file, 0o600);
        size += Buffer.byteLength(line) + 1;
        broken = false;
      } catch (error) {
        // A full disk must not stop the service that is being logged; say it once.
        if (!broken) progress.say(`  ! The log ${file} cannot be written (${error.code ?? error.message}).`);
        broken = true;
      }
      const level = levelOf(line);
      if (verbose || level === "warn" || level === "error" || loud(line, stream))
        progress.say(`  ${name.padEnd(9)}${colour(level, readable(line))}`);
    },
  };
}

function parse(line) {
  if (!line.startsWith("{")) return undefined;
  try {
    const value = JSON.parse(line);
    return typeof value?.message === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

const levelOf = (line) => parse(line)?.level ?? "";

/** A structured line as a person reads it: message first, fields after; long ones are cut, the file has them whole. */
export function readable(line) {
  const entry = parse(line);
  if (!entry) return line.length > 400 ? `${line.slice(0, 400)}…` : line;
  const { time, level, message, ...fields } = entry;
  const rest = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === "object" ? JSON.stringify(value?.message ?? value) : value}`,
  );
  const text = [level === "info" ? "" : `${level}: `, message, rest.length ? `  (${rest.join(" ")})` : ""].join("");
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

function colour(level, text) {
  return colours[level] && process.stdout.isTTY && !process.env.NO_COLOR ? `\u001b[${colours[level]}m${text}\u001b[0m` : text;
}
