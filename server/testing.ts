import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashToken, newToken } from "@portico/core/tokens";
import { createTestDatabase } from "@portico/testkit";
import type { Counts } from "./db/counts.ts";
import { readEnv } from "./env.ts";
import { createRuntime } from "./runtime.ts";

export type ErrorEntry = { status: string; code: string; title: string; detail: string; field?: string; meta?: Record<string, unknown> };

/** Any resource: tests look at attributes of every kind. */
type Resource = { type: string; id: string; attributes: Record<string, unknown>; relationships?: Record<string, unknown> };

/** An answer of the API, read. `data`, `list` and `errors` throw when the answer has none. */
export type Answer = {
  status: number;
  headers: Headers;
  text: string;
  json: unknown;
  data: Resource;
  list: Resource[];
  meta: { total_count: number; total_pages: number; page_size: number; page_number: number };
  errors: ErrorEntry[];
};

/** A form that uploads a file. */
export function aFile(
  name: string,
  content: string | Uint8Array<ArrayBuffer> = "some text",
  fields: Record<string, string> = {},
): FormData {
  const form = new FormData();
  form.set("file", new File([content], name));
  for (const [field, value] of Object.entries(fields)) form.set(field, value);
  return form;
}

/** For stores that a test makes itself. */
export const countEachTime: Counts = (_kinds, _query, _values, count) => count();

export type Caller = { userId: number; email: string; token: string };

/**
 * The control plane on a database of its own, without sockets of the API or pages: `call` passes the same door as the network. Every
 * answer is held against its result schema. Dispose with `await using`, or close().
 */
export async function aStudio({ env = {}, ...options }: { env?: Record<string, string> } & Parameters<typeof createRuntime>[1] = {}) {
  const database = await createTestDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), "portico-studio-"));
  const token = newToken("pt");
  const settings = readEnv({
    NODE_ENV: "test",
    DATABASE_URL: database.url,
    PORTICO_DATA_DIR: dataDir,
    PORTICO_SECRET_KEY: "a secret key for tests only",
    PORT: "0",
    CONTROL_PORT: "0",
    ADMIN_EMAIL: "admin@portico.local",
    ADMIN_PASSWORD: newToken("pw"),
    ADMIN_API_TOKEN: token,
    LOG_LEVEL: "error",
    // What test plugins are told by whoever starts them.
    PORTICO_PLUGIN_ENV: "TEST_PROBE_NEEDS_KEY,TEST_PROBE_PRIORITY,TEST_PLUGIN_UI,TEST_PLUGIN_MANIFEST,TEST_PLUGIN_SCHEDULES",
    ...env,
  });
  const remove = async () => {
    await database.drop();
    await rm(dataDir, { recursive: true, force: true });
  };
  const runtime = await createRuntime(settings, options).catch(async (error) => {
    await remove();
    throw error;
  });
  const admin: Caller = { userId: 1, email: settings.firstAdmin?.email ?? "", token: settings.firstAdmin?.apiToken ?? token };

  /** Sends a request as the first administrator, as another caller, or as nobody (null). */
  async function call(
    method: string,
    path: string,
    body?: unknown,
    as: { token: string } | null = admin,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const form = body instanceof FormData ? new Response(body) : undefined;
    const sent = form ? await form.arrayBuffer() : typeof body === "string" || body === undefined ? body : JSON.stringify(body);
    const type = form?.headers.get("content-type");
    const response = await runtime.application.fetch(
      new Request(new URL(path, "http://studio.test"), {
        method,
        headers: { ...(as ? { authorization: `Bearer ${as.token}` } : {}), ...(type ? { "content-type": type } : {}), ...headers },
        ...(sent === undefined ? {} : { body: sent }),
      }),
    );
    return answerOf(response);
  }

  /** A browser at an address of its own: keeps cookies, and fetches the CSRF token before each unsafe request, as the pages do. */
  function aBrowser({ ip = "192.0.2.1", origin = "http://studio.test" }: { ip?: string; origin?: string } = {}) {
    const cookies = new Map<string, string>();
    async function fetch(method: string, path: string, { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {}) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const response = await runtime.application.fetch(
        new Request(new URL(path, origin), {
          method,
          headers: { ...(cookie ? { cookie } : {}), ...headers },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
        { ip },
      );
      for (const line of response.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (/max-age=0/i.test(line)) cookies.delete(name);
        else cookies.set(name, value);
      }
      return response;
    }
    const csrfToken = async () => (await fetch("GET", "/csrf-token")).headers.get("x-csrf-token") ?? "";
    const send = async (method: string, path: string, body?: unknown): Promise<Answer> =>
      answerOf(await fetch(method, path, { body, headers: method === "GET" ? {} : { "x-csrf-token": await csrfToken() } }));
    return {
      cookies,
      fetch,
      csrfToken,
      send,
      signIn: (email: string, password: string) => send("POST", "/auth/login", { email, password }),
    };
  }

  const close = async () => {
    await runtime.close();
    await remove();
  };
  return {
    runtime,
    db: runtime.db,
    databaseUrl: database.url,
    dataDir,
    admin,
    call,
    answerOf,
    aBrowser,
    /** Somebody who may sign in, with an API token. */
    async aUser({ email = `${newToken("user").toLowerCase()}@portico.test`, isAdmin = false, name = "Somebody" } = {}): Promise<Caller> {
      const value = newToken("pt");
      const user = await runtime.db.prisma.user.create({
        data: {
          email,
          name,
          isAdmin,
          groups: { create: { group: { connect: { name: "Default" } } } },
          tokens: { create: { name: "test", tokenHash: hashToken(value), hint: value.slice(0, 8) } },
        },
      });
      return { userId: user.id, email, token: value };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
export type Studio = Awaited<ReturnType<typeof aStudio>>;

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const json: unknown = response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : undefined;
  const part = <T>(name: string): T => {
    const value = (json as Record<string, unknown> | undefined)?.[name];
    if (value === undefined) throw new Error(`the answer ${response.status} has no "${name}": ${text.slice(0, 500)}`);
    return value as T;
  };
  return {
    status: response.status,
    headers: response.headers,
    text,
    json,
    get data() {
      return part<Resource>("data");
    },
    get list() {
      return part<Resource[]>("data");
    },
    get meta() {
      return part<Answer["meta"]>("meta");
    },
    get errors() {
      return part<ErrorEntry[]>("errors");
    },
  };
}
