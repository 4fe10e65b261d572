import type { DialectId } from "@portico/protocol/vendors";

/** What the gateway knows of one path of a vendor's API. */
export type Endpoint = {
  /** As an administrator would write it in an LLM's allowed endpoints. */
  name: string;
  methods: ReadonlySet<string>;
  /**
   * What a call costs. text: tokens that can be estimated from the text of request and answer. media: tokens that only the vendor can count.
   * unknown: nothing that could be read from the call. none: nothing, or nothing worth counting.
   */
  cost: "text" | "media" | "unknown" | "none";
  /** Its body names a model. */
  takesModel: boolean;
  /** A stream reports usage only when asked by `stream_options.include_usage`. */
  usageOnRequest: boolean;
  /** Its body may be a multipart form. */
  takesForm: boolean;
  /** Tokens an answer is taken to have at most, when the request sets no limit. */
  assumedTokens: number;
  /** The model the path names, "" when it names none. */
  model: string;
  /** Only because an administrator allows it. */
  isOpened: boolean;
};

type Rule = Endpoint & { segments: readonly string[] };

export const readMethods: ReadonlySet<string> = new Set(["GET", "HEAD"]);
const allMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);
const post: ReadonlySet<string> = new Set(["POST"]);

/** More than most models write unless told otherwise. */
const textTokens = 4_096;
/** A large image of high quality. */
const mediaTokens = 8_192;

/** @param path segments without version; `*` stands for one segment, `**` at the end for one or more. */
function rule(path: string, cost: Endpoint["cost"], more: Partial<Endpoint> = {}): Rule {
  const assumedTokens = cost === "text" ? textTokens : cost === "media" ? mediaTokens : 0;
  const takesModel = cost === "text" || cost === "media";
  const fixed = { name: path, segments: path.split("/"), methods: post, cost, takesModel, assumedTokens };
  return { usageOnRequest: false, takesForm: false, model: "", isOpened: false, ...fixed, ...more };
}

const openai: readonly Rule[] = [
  rule("chat/completions", "text", { usageOnRequest: true }),
  rule("completions", "text", { usageOnRequest: true }),
  // The responses API reports usage in its last event unasked.
  rule("responses", "text"),
  rule("responses/compact", "text"),
  rule("responses/input_tokens", "none", { takesModel: true }),
  rule("responses/*", "none", { methods: new Set(["GET", "HEAD", "DELETE"]) }),
  rule("responses/*/input_items", "none", { methods: readMethods }),
  rule("responses/*/cancel", "none"),
  rule("embeddings", "text", { assumedTokens: 0 }),
  rule("moderations", "none", { takesModel: true }),
  rule("models", "none", { methods: readMethods }),
  rule("models/**", "none", { methods: readMethods }),
  rule("rerank", "media", { assumedTokens: 0 }),
  rule("reranks", "media", { assumedTokens: 0 }),
  rule("images/generations", "media"),
  rule("images/edits", "media", { takesForm: true }),
  rule("images/variations", "media", { takesForm: true, takesModel: false }),
  rule("audio/speech", "media"),
  rule("audio/transcriptions", "media", { takesForm: true }),
  rule("audio/translations", "media", { takesForm: true }),
  rule("realtime", "unknown", { methods: readMethods }),
  rule("realtime/*", "unknown", { takesForm: true }),
];

const anthropic: readonly Rule[] = [
  rule("messages", "text"),
  rule("messages/count_tokens", "none", { takesModel: true }),
  rule("complete", "text"),
  rule("chat/completions", "text", { usageOnRequest: true }),
  rule("models", "none", { methods: readMethods }),
  rule("models/**", "none", { methods: readMethods }),
];

const dialects: Readonly<Record<DialectId, readonly Rule[]>> = { openai, anthropic };

/** The last segment of what stands before an endpoint, when the client writes it: `/v1`, `/openai`, `/compatible-mode/v1`. */
const apiRoot = /^(?:v\d[\w.-]*|openai|openapi|api|ai|beta|inference|fim)$/i;
const maxRootSegments = 8;
/** Azure and older SDKs: the segment after it names the model. */
const modelHolders = new Set(["deployments", "engines"]);

/** What is kept by such endpoints runs no model. */
const modelFree = new Set(["files", "uploads", "vector_stores", "containers"]);

const rememberedPaths = 1_000;

export type EndpointReader = (path: string) => Endpoint | undefined;

/**
 * Finds the endpoint that a path means at an LLM, whether or not the client writes the base's path and the version.
 * @param allowed what an administrator has opened besides the dialect's own; see `LlmConfig.allowed_endpoints`.
 */
export function createEndpointReader({
  dialect,
  basePath,
  allowed,
}: {
  dialect: DialectId;
  basePath: string;
  allowed: readonly string[];
}): EndpointReader {
  const rules = dialects[dialect];
  const opened = allowed.map((entry) => opening(entry));
  const known = new Map<string, Endpoint | undefined>();

  function find(path: string): Endpoint | undefined {
    const relative = basePath && path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path;
    const segments = relative.split("/").slice(1);
    const starts = [...segments.keys()].filter((at) => at <= maxRootSegments && (at === 0 || apiRoot.test(segments[at - 1] as string)));
    const usual = first(starts, (at) => ruleFor(rules, segments.slice(at)));
    const extra = first(starts, (at) => openedFor(opened, segments.slice(at)));
    if (!usual || !extra) return usual ?? extra;
    return { ...usual, methods: allMethods, isOpened: true };
  }

  return (path) => {
    const found = known.get(path);
    if (found || known.has(path)) return found;
    const endpoint = find(path);
    if (known.size >= rememberedPaths) known.clear();
    known.set(path, endpoint);
    return endpoint;
  };
}

/** What an administrator would allow so that this path is open. */
export function nameOfPath(path: string): string {
  const segments = path.split("/").slice(1);
  const root = segments.findLastIndex((segment, at) => at < segments.length - 1 && apiRoot.test(segment));
  return segments[root + 1] ?? "";
}

function first<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found) return found;
  }
  return undefined;
}

function ruleFor(rules: readonly Rule[], segments: readonly string[]): Endpoint | undefined {
  const [holder, model, ...rest] = segments;
  if (modelHolders.has(holder ?? "") && model && rest.length > 0) {
    const inner = ruleFor(rules, rest);
    return inner && (inner.takesModel || inner.cost === "media") ? { ...inner, model: decoded(model) } : undefined;
  }
  return rules.find((one) => matches(one.segments, segments));
}

function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.at(-1) === "**") return segments.length >= pattern.length && segments[0] === pattern[0];
  return pattern.length === segments.length && pattern.every((part, at) => part === "*" || part === segments[at]);
}

const opening = (entry: string): Rule =>
  rule(entry, modelFree.has(entry.split("/")[0] as string) ? "none" : "unknown", { methods: allMethods, takesForm: true, isOpened: true });

function openedFor(opened: readonly Rule[], segments: readonly string[]): Endpoint | undefined {
  return opened.find((one) => one.name === "*" || one.segments.every((part, at) => part === segments[at]));
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
