import { resolve } from "node:path";
import { root } from "./paths.mjs";
import { Stop } from "./stop.mjs";

/** The settings that the starter itself needs, from the environment. A bad one is a Stop naming the variable. */
export function readSettings(env = process.env) {
  const settings = {
    port: port(env, "PORT", 3000),
    gatewayPort: port(env, "GATEWAY_PORT", 8080),
    controlPort: port(env, "CONTROL_PORT", 50051),
    demoVendorPort: port(env, "DEMO_VENDOR_PORT", 8081),
    host: env.HOST || "127.0.0.1",
    databaseUrl: env.DATABASE_URL || "",
    dataDir: resolve(root, env.PORTICO_DATA_DIR || ".data"),
    adminEmail: env.ADMIN_EMAIL || "",
    adminPassword: env.ADMIN_PASSWORD || "",
    adminApiToken: env.ADMIN_API_TOKEN || "",
    secretKey: env.PORTICO_SECRET_KEY || "",
    edgeToken: env.PORTICO_EDGE_TOKEN || "",
    watchdogSeconds: watchdogSeconds(env),
  };
  const byPort = new Map();
  for (const [name, value] of [
    ["PORT", settings.port],
    ["GATEWAY_PORT", settings.gatewayPort],
    ["CONTROL_PORT", settings.controlPort],
    ["DEMO_VENDOR_PORT", settings.demoVendorPort],
  ]) {
    if (byPort.has(value)) throw new Stop(`${name} and ${byPort.get(value)} are both ${value}. Set one of them to another port.`);
    byPort.set(value, name);
  }
  if (settings.databaseUrl && !/^postgres(ql)?:\/\//.test(settings.databaseUrl))
    throw new Stop("DATABASE_URL must look like postgresql://user:password@host:5432/name; without it an embedded Postgres is used.");
  if (settings.adminEmail && !/^\S+@\S+$/.test(settings.adminEmail))
    throw new Stop(`ADMIN_EMAIL must be an e-mail address, not "${settings.adminEmail}".`);
  return settings;
}

function port(env, name, fallback) {
  const text = env[name];
  if (text === undefined || text === "") return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535) throw new Stop(`${name} must be a port from 1 to 65535, not "${text}".`);
  return value;
}

function watchdogSeconds(env) {
  const text = env.PORTICO_WATCHDOG_SECONDS || "30";
  const value = Number(text);
  if (value === 0 || (Number.isInteger(value) && value >= 5 && value <= 3_600)) return value;
  throw new Stop(`PORTICO_WATCHDOG_SECONDS must be a number from 5 to 3600, or 0 for none, not "${text}".`);
}

/** How people and processes on this machine reach what listens on `host`. */
export function addressOf(host, portNumber) {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  return `${reachable}:${portNumber}`;
}

/** The same for a person: localhost says more than 127.0.0.1. */
export function linkTo(host, portNumber) {
  const address = addressOf(host, portNumber);
  return `http://${address.replace(/^(127\.0\.0\.1|\[::1\]):/, "localhost:")}`;
}
