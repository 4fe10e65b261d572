import type { SnapshotEnvelope } from "@portico/protocol/edge";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createVault } from "../secrets/vault.ts";
import { aStudio, type Studio } from "../testing.ts";
import { createOutgoing, type EdgeStream } from "./outgoing.ts";
import { createPublisher } from "./publisher.ts";
import { createSnapshotStore } from "./snapshot-store.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const hash = "f".repeat(64);
const revokedBy = ({ revocation }: SnapshotEnvelope) => revocation?.credentialHashes ?? [];

test("a credential revoked while a snapshot with it is built is refused by whoever gets that snapshot", async () => {
  const { db, runtime } = studio;
  const vault = createVault(runtime.env.secretKey);
  const store = createSnapshotStore({ db, vault });
  const active = (isActive: boolean) => db.prisma.credential.updateMany({ where: { secretHash: hash }, data: { active: isActive } });
  let onBuilt: () => Promise<unknown> = async () => {};
  const publisher = createPublisher({
    store: {
      ...store,
      publish: ((...args) => store.publish(...args).finally(() => onBuilt())) as typeof store.publish,
    },
    vault,
    events: { subscribe: () => () => {} } as never,
    logger: runtime.logger,
  });
  const sent: (SnapshotEnvelope | string[])[] = [];
  publisher.connect({ snapshot: (_namespace, envelope) => sent.push(envelope), revoke: (_namespace, hashes) => sent.push(hashes) });
  await publisher.start();
  await db.prisma.app.create({
    data: {
      name: "Raced",
      userId: 1,
      credentials: { create: { keyId: crypto.randomUUID(), secretHash: hash, hint: "test", active: true } },
    },
  });
  sent.length = 0;

  // Unknown to every edge until now, so that no comparison with what edges have finds it.
  onBuilt = () => active(false);
  await publisher.refresh();
  expect(sent).toHaveLength(2);
  const [told, raced] = sent as [string[], SnapshotEnvelope];
  expect(told).toEqual([hash]);
  expect(raced.body.includes(hash)).toBe(true);
  expect(revokedBy(raced)).toEqual([hash]);
  expect(revokedBy(publisher.latest("") as SnapshotEnvelope)).toEqual([hash]);

  // Admitted again before anything without it was built: equal rows, equal bytes, and sent all the same.
  onBuilt = async () => {};
  await active(true);
  await publisher.refresh();
  const again = sent.at(-1) as SnapshotEnvelope;
  expect(again).toMatchObject({ version: raced.version, checksum: raced.checksum });
  expect(revokedBy(again)).toEqual([]);
  await publisher.close();
});

test("a snapshot that waits to be sent learns of revocations that overtake it", () => {
  const written: { snapshot?: SnapshotEnvelope; revocation?: unknown }[] = [];
  const flushed: (() => void)[] = [];
  const write = (message: object, done: () => void) => {
    written.push(message);
    flushed.push(done);
  };
  const stream = { write } as unknown as EdgeStream;
  const outgoing = createOutgoing({ stream, writeTimeoutMs: 1_000, onStuck: () => {} });
  const envelope = { version: 2, checksum: "c", body: Buffer.from(hash), revocation: { revocationId: 0, credentialHashes: [] } };
  outgoing.reply({ receivedAtMs: 1, expectedVersion: 1, expectedChecksum: "" });
  outgoing.snapshot(envelope);
  outgoing.revoke([hash]);
  for (let done = flushed.shift(); done; done = flushed.shift()) done();
  outgoing.close();
  expect(written.slice(1)).toMatchObject([
    { revocation: { credentialHashes: [hash] } },
    { snapshot: { version: 2, revocation: { credentialHashes: [hash] } } },
  ]);
});
