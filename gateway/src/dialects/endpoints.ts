import type { Dialect, Endpoint, EndpointRule, WireFormat } from "./dialect.ts";
import { rulesFor } from "./rule.ts";

const allMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);

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
  dialect: Pick<Dialect, "endpoints" | "format">;
  basePath: string;
  allowed: readonly string[];
}): EndpointReader {
  const rules = dialect.endpoints;
  const opened = allowed.map((entry) => opening(entry, dialect.format));
  const known = new Map<string, Endpoint | undefined>();

  function find(path: string): Endpoint | undefined {
    const relative = basePath && path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path;
    const segments = relative.split("/").slice(1);
    const starts = startsIn(segments);
    const usual = first(starts, (at) => ruleFor(rules, segments.slice(at)));
    const extra = first(starts, (at) => openedFor(opened, segments.slice(at)));
    if (!extra) return usual;
    const meant = usual && usual.cost !== "none" ? usual : (meteredAs(rules, relative) ?? usual);
    return meant ? { ...meant, methods: allMethods, isOpened: true } : extra;
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

const startsIn = (segments: readonly string[]): number[] =>
  [...segments.keys()].filter((at) => at <= maxRootSegments && (at === 0 || apiRoot.test(segments[at - 1] as string)));

/**
 * The endpoint that costs something and that a lenient vendor makes of a path which an administrator has opened: one that decodes slashes, ignores
 * case, or drops what follows a semicolon.
 */
function meteredAs(rules: readonly EndpointRule[], path: string): Endpoint | undefined {
  const segments = decoded(path)
    .split("/")
    .map((segment) => segment.replace(/;.*/, ""))
    .filter((segment) => segment !== "");
  const lower = segments.map((segment) => segment.toLowerCase());
  return first(startsIn(segments), (at) => {
    const found = ruleFor(rules, lower.slice(at));
    if (!found || found.cost === "none") return undefined;
    // Names of models keep their case.
    return found.model === "" ? found : { ...found, model: segments[at + 1] as string };
  });
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

function ruleFor(rules: readonly EndpointRule[], segments: readonly string[]): Endpoint | undefined {
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

const opening = (entry: string, format: WireFormat): EndpointRule =>
  rulesFor(format)(entry, modelFree.has(entry.split("/")[0] as string) ? "none" : "unknown", {
    methods: allMethods,
    takesForm: true,
    isOpened: true,
  });

function openedFor(opened: readonly EndpointRule[], segments: readonly string[]): Endpoint | undefined {
  return opened.find((one) => one.name === "*" || one.segments.every((part, at) => part === segments[at]));
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

const modelParameters = new Set(["model", "engine", "deployment", "deployment_id"]);

/** Models that a query names. @param query with its "?", or "". */
export const modelsInQuery = (query: string): string[] =>
  query === "" ? [] : [...new URLSearchParams(query)].filter(([name]) => modelParameters.has(name.toLowerCase())).map(([, value]) => value);
