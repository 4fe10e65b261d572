import { microFromDollars } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { hashToken } from "@portico/core/tokens";
import { faultOfPassword } from "../auth/password-rules.ts";
import type { Passwords } from "../auth/passwords.ts";
import type { Db, Tx } from "../db/client.ts";
import type { Env } from "../env.ts";
import { systemSecret, type Vault } from "../secrets/vault.ts";

/** Out of the way of the ids that people see: their first app is number 1. */
const systemAppId = 2_147_483_647;

const adminName = "Admin";

/** Dollars for a million tokens: input, output, cache write, cache read. Admins change them; a start never overwrites. */
const listPrices: [vendor: string, model: string, input: number, output: number, cacheWrite: number, cacheRead: number][] = [
  ["openai", "gpt-4o", 2.5, 10, 0, 1.25],
  ["openai", "gpt-4o-mini", 0.15, 0.6, 0, 0.075],
  ["openai", "gpt-4.1", 2, 8, 0, 0.5],
  ["openai", "gpt-4.1-mini", 0.4, 1.6, 0, 0.1],
  ["openai", "o4-mini", 1.1, 4.4, 0, 0.275],
  ["openai", "text-embedding-3-small", 0.02, 0, 0, 0],
  ["anthropic", "claude-sonnet-4-20250514", 3, 15, 3.75, 0.3],
  ["anthropic", "claude-opus-4-20250514", 15, 75, 18.75, 1.5],
  ["anthropic", "claude-3-5-haiku-20241022", 0.8, 4, 1, 0.08],
  ["openai", "demo-small", 1, 2, 0, 0],
  ["anthropic", "demo-small", 1, 2, 0, 0],
];

/**
 * What every installation has: the group Default, list prices, the system app that the control plane calls LLMs with, the local
 * edge, and the first administrator when there is nobody yet. Safe on every start and on several replicas at once.
 * @returns the secret of the system app.
 */
export async function bootstrap({
  db,
  vault,
  env,
  passwords,
  logger,
}: {
  db: Db;
  vault: Vault;
  env: Env;
  passwords: Passwords;
  logger: Logger;
}): Promise<{ systemAppSecret: string }> {
  const passwordHash = env.firstAdmin && (await db.prisma.user.count()) === 0 ? await firstHash(env.firstAdmin, passwords) : undefined;
  return db.transaction(async (tx) => {
    // One replica at a time: what follows looks before it writes.
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(72707370)`;
    const group =
      (await tx.group.findUnique({ where: { name: "Default" }, select: { id: true } })) ??
      (await tx.group.create({
        data: { name: "Default", catalogues: { create: (await defaultCatalogues(tx)).map(({ id }) => ({ catalogueId: id })) } },
        select: { id: true },
      }));
    if ((await tx.modelPrice.count()) === 0) {
      await tx.modelPrice.createMany({
        data: listPrices.map(([vendor, modelName, input, output, cacheWrite, cacheRead]) => ({
          vendor,
          modelName,
          inputMicroUsdPerMillion: BigInt(microFromDollars(input)),
          outputMicroUsdPerMillion: BigInt(microFromDollars(output)),
          cacheWriteMicroUsdPerMillion: BigInt(microFromDollars(cacheWrite)),
          cacheReadMicroUsdPerMillion: BigInt(microFromDollars(cacheRead)),
        })),
      });
    }
    const systemAppSecret = await systemSecret(tx, vault, "system-app");
    const systemApp =
      (await tx.app.findFirst({ where: { isSystem: true }, select: { id: true } })) ??
      (await tx.app.create({
        data: { id: systemAppId, name: "Portico studio", description: "Calls made from the dashboard", isSystem: true },
        select: { id: true },
      }));
    await tx.credential.deleteMany({ where: { appId: systemApp.id, NOT: { secretHash: hashToken(systemAppSecret) } } });
    await tx.credential.upsert({
      where: { secretHash: hashToken(systemAppSecret) },
      create: {
        appId: systemApp.id,
        keyId: crypto.randomUUID(),
        secretHash: hashToken(systemAppSecret),
        hint: systemAppSecret.slice(-4),
        active: true,
      },
      update: {},
    });
    if (env.localEdge) {
      const { edgeId, token } = env.localEdge;
      await tx.edge.upsert({ where: { edgeId }, create: { edgeId, tokenHash: hashToken(token) }, update: { tokenHash: hashToken(token) } });
    }
    if (env.firstAdmin && passwordHash && (await tx.user.count()) === 0) {
      const admin = await tx.user.create({
        data: {
          email: env.firstAdmin.email,
          name: adminName,
          passwordHash,
          isAdmin: true,
          notificationsEnabled: true,
          accessToSsoConfig: true,
          groups: { create: { groupId: group.id } },
        },
        select: { id: true },
      });
      if (env.firstAdmin.apiToken) {
        await tx.apiToken.create({
          data: {
            userId: admin.id,
            name: "First administrator",
            tokenHash: hashToken(env.firstAdmin.apiToken),
            hint: env.firstAdmin.apiToken.slice(0, 8),
          },
        });
      }
      logger.info("created the first administrator", { email: env.firstAdmin.email });
    }
    return { systemAppSecret };
  });
}

/** The migrations made them. */
const defaultCatalogues = (tx: Tx) => tx.catalogue.findMany({ where: { isDefault: true }, select: { id: true } });

/** Judged only when there is nobody yet: later the setting means nothing. */
async function firstHash({ email, password }: { email: string; password: string }, passwords: Passwords): Promise<string> {
  const fault = faultOfPassword(password, { email, name: adminName });
  if (fault) throw new Error(`ADMIN_PASSWORD ${fault}.`);
  return passwords.hash(password);
}
