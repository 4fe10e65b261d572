export type LogLevel = "debug" | "info" | "warn" | "error";
type Fields = Record<string, unknown>;

export type Logger = {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** A logger that adds these fields to every line. */
  with(fields: Fields): Logger;
};

const rank: Record<LogLevel, number> = { debug: 10, info: 20, warn: 30, error: 40 };
const secretKey = /(^|[_-])(api[_-]?key|authorization|cookie|credential|password|secret|token)$/i;

function clean(value: unknown, depth = 0): unknown {
  if (value instanceof Error)
    return { message: value.message, stack: value.stack, cause: value.cause ? clean(value.cause, depth + 1) : undefined };
  if (depth > 4 || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.slice(0, 50).map((v) => clean(v, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, secretKey.test(k) && v ? "[redacted]" : clean(v, depth + 1)]));
}

/** JSON lines on a stream (stderr by default). Fields whose name says secret are never written. */
export function createLogger({
  level = "info",
  fields = {},
  write = (line: string) => void process.stderr.write(line),
}: {
  level?: LogLevel;
  fields?: Fields;
  write?: (line: string) => void;
} = {}): Logger {
  const at = (lineLevel: LogLevel) => (message: string, more?: Fields) => {
    if (rank[lineLevel] < rank[level]) return;
    write(
      `${JSON.stringify({ time: new Date().toISOString(), level: lineLevel, message, ...(clean({ ...fields, ...more }) as Fields) })}\n`,
    );
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (more) => createLogger({ level, fields: { ...fields, ...more }, write }),
  };
}
