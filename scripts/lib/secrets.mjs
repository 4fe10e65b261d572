import { createHash, randomBytes, X509Certificate } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Stop } from "./stop.mjs";

const token = (bytes) => randomBytes(bytes).toString("base64url");

/** The secret kept in `file` (0600), made on first use. */
function keptSecret(file, make) {
  if (existsSync(file)) {
    const value = readFileSync(file, "utf8").trim();
    if (value) return value;
  }
  const value = make();
  writePrivate(file, `${value}\n`);
  return value;
}

/** Appears whole or not at all: an interrupted start must not leave half a key behind. */
function writePrivate(file, text) {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The key that seals stored secrets. Losing it makes them unreadable, so it is only ever made beside an empty data folder. */
export function secretKey(dataDir, given) {
  return given || keptSecret(join(dataDir, "secret-key"), () => randomBytes(32).toString("base64"));
}

/** What the local gateway shows the control plane. */
export function edgeToken(dataDir, given) {
  return given || keptSecret(join(dataDir, "edge-token"), () => token(32));
}

/** What the local gateway knows the control plane by: the fingerprint of its CA, or the file in which it will be. */
export function hubTrust(dataDir) {
  const file = join(dataDir, "hub-ca.pem");
  if (!existsSync(file)) return { PORTICO_HUB_CA_FILE: file };
  const { raw } = new X509Certificate(readFileSync(file));
  return { PORTICO_HUB_CA_SHA256: createHash("sha256").update(raw).digest("hex") };
}

/**
 * E-mail, password and API token of the first admin: given by the environment, or made on the first start and kept 0600.
 * Given values are never stored. They only matter while there is no admin.
 */
export function firstAdmin(dataDir, settings) {
  const file = join(dataDir, "first-admin.json");
  let kept = {};
  if (existsSync(file)) {
    try {
      kept = JSON.parse(readFileSync(file, "utf8"));
    } catch (cause) {
      throw new Stop(`${file} is damaged. Repair it, or delete it if you know the admin's password.`, { cause });
    }
  }
  const made = {
    email: settings.adminEmail || kept.email || "admin@portico.local",
    ...(settings.adminPassword ? {} : { password: kept.password ?? token(12) }),
    ...(settings.adminApiToken ? {} : { api_token: kept.api_token ?? `pt_${token(32)}` }),
    shown: kept.shown === true,
  };
  const save = (value) => writePrivate(file, `${JSON.stringify(value, null, 2)}\n`);
  if (!kept.email) save(made);
  return {
    file,
    email: made.email,
    password: settings.adminPassword || made.password,
    apiToken: settings.adminApiToken || made.api_token,
    passwordGiven: Boolean(settings.adminPassword),
    tokenGiven: Boolean(settings.adminApiToken),
    /** Whether an earlier start has printed them already. */
    shown: made.shown,
    markShown: () => save({ ...made, ...kept, shown: true }),
  };
}
