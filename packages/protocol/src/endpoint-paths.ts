/*
 * Which of a plugin's custom endpoints serves a request: gateways and the SDK must agree.
 */

type Endpoint = { path: string; methods: readonly string[] };

export const endpointMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
const known: ReadonlySet<string> = new Set(endpointMethods);

/** Methods that can be served, in upper case. */
const servedMethods = ({ methods }: Endpoint): string[] =>
  methods.map((method) => method.toUpperCase()).filter((method) => known.has(method));

/** Why a registration cannot be served; "" when it can. */
export function faultOfEndpoint(endpoint: Endpoint): string {
  const { path } = endpoint;
  if (!path.startsWith("/")) return "its path must begin with /";
  if (path.split("/").includes("..")) return "its path must not contain ..";
  if (path.slice(0, -1).includes("*") || (path.endsWith("*") && !path.endsWith("/*")))
    return "a wildcard must be the last segment, as in /files/*";
  return servedMethods(endpoint).length === 0 ? `it must have one of the methods ${endpointMethods.join(", ")}` : "";
}

/**
 * Finds the endpoint for a method and a path below the plugin's own. An exact path goes before a wildcard, a longer wildcard before a shorter one,
 * and of two equal ones the later counts. `/files/*` serves what lies below `/files/`; `/*` serves everything.
 */
export function endpointFinder<T extends Endpoint>(endpoints: readonly T[]): (method: string, path: string) => T | undefined {
  const served = new Map<string, T>();
  for (const endpoint of endpoints) for (const method of servedMethods(endpoint)) served.set(`${method} ${endpoint.path}`, endpoint);
  return (method, path) => {
    const exact = served.get(`${method} ${path}`);
    if (exact) return exact;
    for (let slash = path.lastIndexOf("/"); slash >= 0; slash = slash === 0 ? -1 : path.lastIndexOf("/", slash - 1)) {
      const found = served.get(`${method} ${path.slice(0, slash)}/*`);
      if (found) return found;
    }
    return undefined;
  };
}
