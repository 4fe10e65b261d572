import { createHash, randomBytes, X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestDatabase, startTestPostgres } from "./postgres.ts";
import { createProcesses, freePorts, type TestProcess, waitForReady } from "./processes.ts";

export type Stack = {
  studioUrl: string;
  gatewayUrl: string;
  vendorUrl: string;
  databaseUrl: string;
  dataDir: string;
  admin: { email: string; password: string; token: string };
  /** Stops one process, or starts it again with the same ports, database and data folder. */
  stop(name: StackProcess): Promise<void>;
  start(name: StackProcess): Promise<void>;
  /** What one process has written. */
  output(name: StackProcess): string;
  pid(name: StackProcess): number;
  close(): Promise<void>;
};

export type StackOptions = {
  env?: Record<string, string>;
  /** Seeds the demo, its plugins included. */
  demo?: boolean;
  /** A command to start a process through, e.g. `{ gateway: ["taskset", "-c", "0"] }`. */
  wrap?: Partial<Record<StackProcess, string[]>>;
};

export type StackProcess = "studio" | "vendor" | "gateway";

/**
 * The whole product as `npm start` runs it: studio, demo vendor and gateway as real processes on free ports, with a migrated database
 * of its own and a temporary data folder. Resolves when all are ready; rejects with the last lines of the one that is not.
 */
export async function aStack({ env = {}, demo = true, wrap = {} }: StackOptions = {}): Promise<Stack> {
  const ownPostgres = process.env.PORTICO_TEST_POSTGRES ? undefined : await startTestPostgres();
  const database = await createTestDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), "portico-stack-"));
  const [studioPort, gatewayPort, controlPort, vendorPort] = (await freePorts(4)) as [number, number, number, number];
  const secret = (bytes: number) => randomBytes(bytes).toString("base64url");
  const admin = { email: "admin@portico.local", password: secret(12), token: `pt_${secret(32)}` };
  const gatewayUrl = `http://127.0.0.1:${gatewayPort}`;
  const shared = {
    HOST: "127.0.0.1",
    PORT: String(studioPort),
    GATEWAY_PORT: String(gatewayPort),
    CONTROL_PORT: String(controlPort),
    DEMO_VENDOR_PORT: String(vendorPort),
    PORTICO_DATA_DIR: dataDir,
    PORTICO_EDGE_TOKEN: secret(32),
    NODE_ENV: "production",
    NEXT_TELEMETRY_DISABLED: "1",
  };
  const specs: Record<StackProcess, { file: string; url: string; ready: string; env: Record<string, string> }> = {
    studio: {
      file: "server/main.ts",
      url: `http://127.0.0.1:${studioPort}`,
      ready: "/ready",
      env: {
        ...shared,
        DATABASE_URL: database.url,
        PORTICO_SECRET_KEY: randomBytes(32).toString("base64"),
        PORTICO_GATEWAY_URL: gatewayUrl,
        ADMIN_EMAIL: admin.email,
        ADMIN_PASSWORD: admin.password,
        ADMIN_API_TOKEN: admin.token,
        ...env,
      },
    },
    vendor: {
      file: "packages/demo-vendor/src/main.ts",
      url: `http://127.0.0.1:${vendorPort}`,
      ready: "/health",
      env: { ...shared, ...env },
    },
    gateway: {
      file: "gateway/src/main.ts",
      url: gatewayUrl,
      ready: "/ready",
      env: { ...shared, PORTICO_HUB: `127.0.0.1:${controlPort}`, PORTICO_EDGE_ID: "local", ...env },
    },
  };

  const processes = createProcesses();
  const running = new Map<StackProcess, TestProcess>();
  async function start(name: StackProcess): Promise<void> {
    const spec = specs[name];
    const trust: Record<string, string> = name === "gateway" ? { PORTICO_HUB_CA_SHA256: await hubCaSha256(dataDir) } : {};
    const started = processes.node(spec.file, { env: { ...trust, ...spec.env }, name, wrap: wrap[name] });
    running.set(name, started);
    await waitForReady(`${spec.url}${spec.ready}`, started);
  }
  async function makeDemo(): Promise<void> {
    const { url } = specs.studio;
    const env = { ...shared, PORTICO_STUDIO_URL: url, PORTICO_GATEWAY_URL: gatewayUrl, ADMIN_API_TOKEN: admin.token };
    const made = processes.node("packages/demo/src/main.ts", { env, name: "demo" });
    const { code } = await made.exited;
    if (code !== 0) throw new Error(`The demo could not be prepared: ${made.output()}`);
  }
  async function close(): Promise<void> {
    await processes.stopAll();
    await database.drop();
    await ownPostgres?.stop();
    await rm(dataDir, { recursive: true, force: true });
  }

  try {
    await start("studio");
    if (demo) await makeDemo();
    await start("vendor");
    await start("gateway");
  } catch (error) {
    await close();
    throw error;
  }
  return {
    studioUrl: specs.studio.url,
    gatewayUrl,
    vendorUrl: specs.vendor.url,
    databaseUrl: database.url,
    dataDir,
    admin,
    start,
    stop: async (name) => void (await running.get(name)?.stop()),
    pid: (name) => running.get(name)?.pid ?? 0,
    output: (name) => running.get(name)?.output() ?? "",
    close,
  };
}

/** The fingerprint by which gateways know a studio with this data folder. */
export async function hubCaSha256(dataDir: string): Promise<string> {
  const { raw } = new X509Certificate(await readFile(join(dataDir, "hub-ca.pem")));
  return createHash("sha256").update(raw).digest("hex");
}
