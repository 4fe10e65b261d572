import { type ResourceDelta, Snapshot, type SnapshotEnvelope } from "@portico/protocol/edge";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createVault } from "../secrets/vault.ts";
import { aStudio, type Studio } from "../testing.ts";
import { createBuilder } from "./builder.ts";
import { createBuilderStore } from "./builder-store.ts";
import { createOutgoing, type EdgeStream } from "./outgoing.ts";
import { createPublisher, defaultPublisherTimings } from "./publisher.ts";
import { createRelayStore, type Page } from "./relay-store.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const hash = "f".repeat(64);
const revokedBy = ({ revocation }: SnapshotEnvelope | ResourceDelta) => revocation?.credentialHashes ?? [];
/** The test decides when to look. */
const noEvents = { subscribe: () => () => {} } as never;

/** Of a newer release than the studio itself, which leaves the work to it. */
function aBuilder(revision = 9) {
  const { db, runtime } = studio;
  const vault = createVault(runtime.env.secretKey);
  const store = createBuilderStore({ db, vault });
  return createBuilder({ store, vault, logger: runtime.logger, timings: defaultPublisherTimings, revision });
}

/** A publisher without events, and the revocations that it sends. */
function aPublisher({ onPage = async () => {} }: { onPage?: () => Promise<unknown> } = {}) {
  const store = createRelayStore(studio.db);
  const page: typeof store.page = async (...args) => {
    const read = await store.page(...args);
    await onPage();
    return read;
  };
  const publisher = createPublisher({ builder: aBuilder(), store: { ...store, page }, events: noEvents, logger: studio.runtime.logger });
  const revoked: string[][] = [];
  publisher.connect({ changed: () => {}, revoke: (_namespace, hashes) => revoked.push([...hashes]) });
  return { publisher, revoked };
}

const active = (isActive: boolean) => studio.db.prisma.credential.updateMany({ where: { secretHash: hash }, data: { active: isActive } });
const anApp = (data: object = {}) => studio.db.prisma.app.create({ data: { name: "App", userId: 1, ...data } });
const positions = async () => (await studio.db.sql.query("SELECT namespace, version, checksum FROM edge_positions ORDER BY 1")).rows;

test("a credential revoked while a snapshot with it is made is refused by whoever gets that snapshot", async () => {
  let onPage: () => Promise<unknown> = async () => {};
  const { publisher, revoked } = aPublisher({ onPage: () => onPage() });
  await anApp({ credentials: { create: { keyId: crypto.randomUUID(), secretHash: hash, hint: "test", active: true } } });
  await publisher.start();
  // Its rows are read; now the credential is revoked, and edges are sent the revocation.
  onPage = async () => {
    onPage = async () => {};
    await active(false);
    await publisher.look();
  };
  const raced = await publisher.snapshot("");
  expect(revoked).toEqual([[hash]]);
  expect(Snapshot.decode(raced.body).apps.some((app) => app.credentialHashes.includes(hash))).toBe(true);
  expect(revokedBy(raced)).toEqual([hash]);
  expect(revokedBy(publisher.latestSnapshot("") as SnapshotEnvelope)).toEqual([hash]);

  // Admitted again before anything without it was built: the same version, without the revocation.
  await active(true);
  await publisher.refresh();
  const again = await publisher.snapshot("");
  expect(again).toMatchObject({ version: raced.version, checksum: raced.checksum });
  expect(revokedBy(again)).toEqual([]);
  await publisher.close();
});

test("one changed object is the only one that is read, encoded and sent again, however many there are", async () => {
  const builder = aBuilder();
  const apps = await studio.db.prisma.app.createManyAndReturn({
    data: Array.from({ length: 300 }, (_, n) => ({ name: `App ${n}`, userId: 1 })),
  });
  await builder.build();
  const before = builder.counts();
  const { page } = createRelayStore(studio.db);
  const [{ version }] = (await positions()).filter(({ namespace }) => namespace === "");
  await studio.db.prisma.app.update({ where: { id: apps[7]?.id ?? 0 }, data: { name: "Renamed" } });
  await builder.build();
  const after = builder.counts();
  expect([after.read - before.read, after.encoded - before.encoded, after.written - before.written]).toEqual([1, 1, 1]);
  const sent = await page("", { version: version + 1, type: "", name: "", shared: false });
  expect(sent?.resources.map(({ type, name, deleted }) => ({ type, name, deleted }))).toEqual([
    { type: "app", name: String(apps[7]?.id), deleted: false },
  ]);
  await builder.close();
});

test("a change that leaves what edges are sent as it is raises no version", async () => {
  const builder = aBuilder();
  await builder.build();
  const before = await positions();
  await studio.db.prisma.app.updateMany({ data: { updatedAt: new Date() } });
  await studio.db.prisma.user.updateMany({ data: { name: "Somebody else" } });
  await builder.build();
  expect(await positions()).toEqual(before);
  await builder.close();
});

test("a replica that starts while another one builds waits for it, and stops waiting when it is closed", async () => {
  const other = await studio.db.sql.connect();
  await other.query("SELECT pg_advisory_lock($1)", [0x706f7274]);
  const [patient, closed] = [aBuilder(), aBuilder()];
  let isDone = false;
  const building = patient.build().then(() => {
    isDone = true;
  });
  const waiting = closed.build();
  await closed.close();
  await waiting;
  expect(isDone).toBe(false);
  await other.query("SELECT pg_advisory_unlock($1)", [0x706f7274]);
  other.release();
  await building;
  await patient.close();
});

test("of two releases the newer one builds and the older one stands back; nothing is written twice, and no version rises without a change", async () => {
  const [older, newer] = [aBuilder(10), aBuilder(11)];
  await older.build();
  await newer.build();
  const taken = await positions();
  const written = newer.counts().written;
  for (const builder of [older, newer, older, newer]) await builder.build();
  // Equal bytes by both: taking over changed nothing.
  expect([await positions(), newer.counts().written]).toEqual([taken, written]);
  await anApp({ name: "Of a mixed fleet" });
  await older.build();
  expect(await positions()).toEqual(taken);
  await newer.build();
  expect(newer.counts().written).toBe(written + 1);

  // The newer release was rolled back: the older one takes over when it has not been seen for a while.
  await studio.db.sql.query("UPDATE edge_builder SET seen_at = now() - interval '2 minutes'");
  await anApp({ name: "After the roll-back" });
  const builtBefore = await positions();
  await older.build();
  expect(await positions()).not.toEqual(builtBefore);
  await Promise.all([older.close(), newer.close()]);
});

/** A stream that takes one message at a time. */
function aStream() {
  const written: { snapshot?: SnapshotEnvelope; revocation?: { credentialHashes: string[] }; resourceDelta?: ResourceDelta }[] = [];
  const flushed: (() => void)[] = [];
  const stream = {
    write(message: object, done: () => void) {
      written.push(message);
      flushed.push(done);
    },
  } as unknown as EdgeStream;
  const flush = () => {
    for (let done = flushed.shift(); done; done = flushed.shift()) done();
  };
  return { stream, written, flush };
}

test("a snapshot that waits to be sent learns of revocations that overtake it", () => {
  const { stream, written, flush } = aStream();
  const outgoing = createOutgoing({ stream, writeTimeoutMs: 1_000, onStuck: () => {} });
  const envelope = { version: 2, checksum: "c", body: Buffer.from(hash), revocation: { revocationId: 0, credentialHashes: [] } };
  outgoing.reply({ receivedAtMs: 1, expectedVersion: 1, expectedChecksum: "" });
  outgoing.snapshot(envelope);
  outgoing.revoke([hash]);
  flush();
  outgoing.close();
  expect(written.slice(1)).toMatchObject([
    { revocation: { credentialHashes: [hash] } },
    { snapshot: { version: 2, revocation: { credentialHashes: [hash] } } },
  ]);
});

test("a credential revoked while a delta with it is read or waits to be sent is named by that delta, and refused ahead of it", async () => {
  const { stream, written, flush } = aStream();
  let answer = (_page: Page) => {};
  const readPage = () =>
    new Promise<Page>((resolve) => {
      answer = resolve;
    });
  const outgoing = createOutgoing({ stream, writeTimeoutMs: 1_000, onStuck: () => {}, readPage });
  const other = "e".repeat(64);
  outgoing.resourcesFrom(0);
  outgoing.resourcesChanged();
  outgoing.revoke([hash]);
  const resource = { type: "credentials", name: "fff", shared: true, version: 1, deleted: false, body: Buffer.from(hash) };
  answer({ resources: [resource], end: { version: 1, checksum: "c", revoked: [] } });
  await new Promise((resolve) => setImmediate(resolve));
  outgoing.revoke([other]);
  flush();
  expect(written.map(({ revocation, resourceDelta }) => revocation?.credentialHashes ?? resourceDelta?.version)).toEqual([
    [hash],
    [other],
    1,
  ]);
  expect(written[2]?.resourceDelta).toMatchObject({ full: true, complete: true, revocation: { credentialHashes: [hash, other] } });

  // What is read after the revocation says by itself who is revoked.
  outgoing.resourcesChanged();
  answer({ resources: [], end: { version: 1, checksum: "c", revoked: [] } });
  await new Promise((resolve) => setImmediate(resolve));
  flush();
  expect(written.at(-1)?.resourceDelta).toMatchObject({ full: false, complete: true, revocation: { credentialHashes: [] } });
  outgoing.close();
});
