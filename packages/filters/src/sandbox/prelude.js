// Runs inside the sandbox, before any script and once for each: it makes the modules that scripts use, then freezes everything that
// two runs would share, so that no run leaves anything for the next.
(host, consoleLines, consoleChars, dataChars) => {
  const { parse, stringify } = JSON;
  const { freeze, isFrozen, getPrototypeOf, getOwnPropertyDescriptor, defineProperty } = Object;
  const ownKeys = Reflect.ownKeys;
  const isArray = Array.isArray;
  const call = (name, ...args) => parse(host(name, stringify(args)));
  const str = (value) =>
    typeof value === "string" ? value : value === undefined ? "" : typeof value === "object" ? stringify(value) : String(value);

  const text = {
    re_match: (pattern, value) => call("match", str(pattern), str(value)),
    re_find: (pattern, value, count = 1) => call("find", str(pattern), str(value), count),
    re_replace: (pattern, value, replacement) => call("replace", str(pattern), str(value), str(replacement)),
    re_split: (pattern, value, count = -1) => {
      const parts = [];
      let at = 0;
      for (const [{ begin, end }] of call("find", str(pattern), str(value), count < 0 ? -1 : count - 1) ?? []) {
        parts.push(value.slice(at, begin));
        at = end;
      }
      return [...parts, value.slice(at)];
    },
    compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
    contains: (value, part) => value.includes(part),
    contains_any: (value, chars) => [...chars].some((char) => value.includes(char)),
    count: (value, part) => (part === "" ? [...value].length + 1 : value.split(part).length - 1),
    equal_fold: (a, b) => a.toLowerCase() === b.toLowerCase(),
    fields: (value) => value.split(/\s+/).filter((part) => part !== ""),
    has_prefix: (value, part) => value.startsWith(part),
    has_suffix: (value, part) => value.endsWith(part),
    index: (value, part) => value.indexOf(part),
    last_index: (value, part) => value.lastIndexOf(part),
    join: (parts, separator) => parts.join(separator),
    repeat: (value, count) => value.repeat(count),
    replace: (value, from, to, count = -1) => {
      if (count < 0) return value.replaceAll(from, () => to);
      const parts = value.split(from);
      const head = parts.slice(0, count + 1).join(to);
      return parts.length > count + 1 ? head + from + parts.slice(count + 1).join(from) : head;
    },
    split: (value, separator) => value.split(separator),
    substr: (value, from, to) => value.slice(from, to),
    to_lower: (value) => value.toLowerCase(),
    to_upper: (value) => value.toUpperCase(),
    trim_space: (value) => value.trim(),
    trim_prefix: (value, part) => (value.startsWith(part) ? value.slice(part.length) : value),
    trim_suffix: (value, part) => (part !== "" && value.endsWith(part) ? value.slice(0, -part.length) : value),
    atoi: (value) => {
      if (!/^[+-]?\d+$/.test(value)) throw new TypeError(`text.atoi: ${stringify(value)} is not a whole number`);
      return Number(value);
    },
    itoa: (value) => String(value),
  };

  const json = {
    decode: (value) => parse(value),
    encode: (value) => stringify(value),
    indent: (value, space = "  ") => stringify(value, null, space),
  };

  const verbs = {
    s: str,
    v: str,
    d: (value) => String(Math.trunc(Number(value))),
    f: (value, digits) => Number(value).toFixed(digits ?? 6),
    t: (value) => String(Boolean(value)),
    q: (value) => stringify(str(value)),
    x: (value) => Number(value).toString(16),
  };
  const sprintf = (format, ...args) => {
    let next = 0;
    return str(format).replace(/%(?:%|(?:\.(\d{1,2}))?([a-z]))/g, (all, digits, verb) => {
      if (all === "%%") return "%";
      const write = verbs[verb];
      return write ? write(args[next++], digits && Number(digits)) : all;
    });
  };

  let lines = [];
  const write = (...values) => {
    if (lines.length < consoleLines) lines.push(values.map(str).join(" ").slice(0, consoleChars));
    else if (lines.length === consoleLines) lines.push("… more was written than is kept");
  };
  const fmt = { sprintf, printf: (...args) => write(sprintf(...args)), println: write, print: write };
  const console = { log: write, info: write, warn: write, error: write, debug: write };

  const tyk = {
    redact_pattern: (value, pattern, replacement) => call("replace", str(pattern), str(value), str(replacement)),
    makeHTTPRequest: (method, url, headers = {}, body = "") => call("http", str(method), str(url), headers, str(body)),
    llm: (id, settings, prompt) => call("llm", id, settings ?? {}, str(prompt)),
  };

  for (const [name, value] of Object.entries({ text, json, fmt, console, tyk }))
    defineProperty(globalThis, name, { value, enumerable: true });

  // A frozen prototype would forbid assigning the same name on what inherits from it, which scripts do: error.name = "…".
  const inheritable = (prototype, names) => {
    for (const name of names) {
      const { value } = getOwnPropertyDescriptor(prototype, name) ?? {};
      if (value === undefined) continue;
      defineProperty(prototype, name, {
        get: () => value,
        set(own) {
          if (this === prototype) throw new TypeError(`${name} of a built-in prototype cannot be changed`);
          defineProperty(this, name, { value: own, writable: true, enumerable: true, configurable: true });
        },
        configurable: false,
      });
    }
  };
  inheritable(Object.prototype, ["constructor", "toString", "valueOf", "toLocaleString", "hasOwnProperty"]);
  inheritable(Error.prototype, ["name", "message", "toString", "constructor"]);

  const freezeDeeply = (start) => {
    const waiting = [start];
    for (let value = waiting.pop(); waiting.length > 0 || value !== undefined; value = waiting.pop()) {
      if ((typeof value !== "object" && typeof value !== "function") || value === null || isFrozen(value)) continue;
      for (const key of ownKeys(value)) {
        const { value: held, get, set } = getOwnPropertyDescriptor(value, key) ?? {};
        for (const one of [held, get, set]) if (one) waiting.push(one);
      }
      const prototype = getPrototypeOf(value);
      if (prototype) waiting.push(prototype);
      freeze(value);
    }
  };
  // Reached through syntax only.
  const hidden = [
    function* () {},
    async () => {},
    async function* () {},
    [].values(),
    new Map().values(),
    new Set().values(),
    ""[Symbol.iterator](),
    "".matchAll(/./g),
    (function* () {})(),
  ];
  for (const one of hidden) {
    const prototype = getPrototypeOf(one);
    freezeDeeply(prototype);
    freezeDeeply(prototype.constructor);
  }
  freezeDeeply(globalThis);

  const problem = (message) => stringify({ lines, problem: message });
  const outputOf = (value) => {
    if (value === undefined)
      return problem('The script left no output. End with: const output = { block: false, payload: input.raw_input, message: "" }');
    if (typeof value !== "object" || value === null || isArray(value))
      return problem("output must be an object: { block, payload, messages, message }");
    const { block = false, payload = "", message = "", messages } = value;
    if (typeof block !== "boolean") return problem("output.block must be true or false");
    if (typeof payload !== "string") return problem("output.payload must be text; use json.encode for an object");
    if (typeof message !== "string") return problem("output.message must be text");
    if (messages !== undefined && messages !== null) {
      if (!isArray(messages)) return problem("output.messages must be a list");
      for (let i = 0; i < messages.length; i++) {
        const one = messages[i];
        if (typeof one?.role !== "string" || typeof one.content !== "string")
          return problem(`output.messages[${i}] must be { role, content }, both text`);
      }
    }
    const output = { block, payload, message };
    if (isArray(messages)) output.messages = messages.map(({ role, content }) => ({ role, content }));
    const answer = stringify({ lines, output });
    return answer.length > dataChars ? problem(`output is larger than ${dataChars / 1024 / 1024} MiB`) : answer;
  };

  return (script, input) => {
    lines = [];
    try {
      return outputOf(script(parse(input)));
    } catch (error) {
      const isError = error instanceof Error;
      return stringify({
        lines,
        thrown: (isError ? `${error.name}: ${error.message}` : str(error)).slice(0, 2_000),
        stack: isError ? str(error.stack).slice(0, 4_000) : "",
      });
    }
  };
};
