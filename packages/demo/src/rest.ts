type Resource = { id: string; attributes: Record<string, unknown> };
export type Answer = { status: number; json: unknown };

/** Sends a request to studio's REST API as an administrator. Bodies are flat; rejects only when there is no answer. */
export type Rest = (method: string, path: string, body?: unknown) => Promise<Answer>;

/** The API over HTTP, with an API token. */
export const restOf =
  (studioUrl: string, token: string): Rest =>
  async (method, path, body) => {
    const response = await fetch(new URL(path, studioUrl), {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    return { status: response.status, json: text === "" ? undefined : JSON.parse(text) };
  };

export type Item = Record<string, unknown> & { id: number };

/** The requests that the demo makes: each gives attributes with the id, or throws what the API says. */
export function createApi(rest: Rest) {
  async function send(method: string, path: string, body?: unknown): Promise<{ data?: unknown }> {
    const { status, json } = await rest(method, path, body);
    if (status < 400) return (json ?? {}) as { data?: unknown };
    const [error] = (json as { errors?: { detail?: string }[] } | undefined)?.errors ?? [];
    throw new Error(error?.detail ?? `${method} ${path} was answered with ${status}.`);
  }
  const flat = ({ id, attributes }: Resource): Item => ({ ...attributes, id: Number(id) });
  const one = async (method: string, path: string, body?: unknown) => flat((await send(method, path, body)).data as Resource);
  return {
    send,
    get: (path: string) => one("GET", path),
    create: (path: string, body: unknown) => one("POST", path, body),
    update: (path: string, body: unknown) => one("PATCH", path, body),
    /** One page is enough: an installation that has more is none of the demo's. */
    list: async (path: string) => ((await send("GET", path)).data as Resource[]).map(flat),
  };
}
export type Api = ReturnType<typeof createApi>;
