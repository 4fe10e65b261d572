import type { ResourceDelta } from "@portico/protocol/edge";
import type { Cursor, Page } from "./relay-store.ts";

/** Small enough for an edge to take one without a pause, and for revocations to go in between. */
const deltaBytes = 128 * 1024;
const resourceOverhead = 64;

const atBegin: Cursor = { version: 0, type: "", name: "", shared: false };

export type OutgoingResources = {
  /** The edge has everything up to `version`; with 0 it has nothing, or nothing that counts. */
  begin(version: number): void;
  /** Something has changed: an edge gets a delta, which may only say what is revoked now. */
  changed(): void;
  revoked(hashes: readonly string[]): void;
  /** The next message, if there is one; otherwise `onReady` is called when there is. */
  next(): ResourceDelta | undefined;
  close(): void;
};

/**
 * What of the configuration waits to be sent to one edge: where it is, and at most one page of what follows. However slowly it reads, it
 * costs no more than that.
 */
export function createOutgoingResources({
  read,
  onReady,
  onFailed,
}: {
  read(after: Cursor): Promise<Page>;
  onReady(): void;
  onFailed(error: unknown): void;
}): OutgoingResources {
  let cursor = atBegin;
  let isFull = false;
  let isWanted = false;
  let page: Page | undefined;
  let sent = 0;
  /** Of the read under way; another one makes its page obsolete. */
  let reading: symbol | undefined;
  /** Since the page was asked for, which may not know of them. */
  const revokedSince = new Set<string>();

  function startReading(): void {
    const own = Symbol("read");
    reading = own;
    isWanted = false;
    revokedSince.clear();
    read(cursor).then(
      (found) => {
        if (reading !== own) return;
        reading = undefined;
        page = found;
        sent = 0;
        onReady();
      },
      (error: unknown) => {
        if (reading === own) onFailed(error);
      },
    );
  }

  function messageOf({ resources, end }: Page): ResourceDelta {
    const delta: ResourceDelta = { full: isFull, set: [], removed: [], complete: false, version: 0, checksum: "", revocation: undefined };
    isFull = false;
    for (let bytes = 0; sent < resources.length && bytes < deltaBytes; sent++) {
      const resource = resources[sent];
      if (!resource) break;
      const { type, name, shared, body, deleted } = resource;
      if (deleted) delta.removed.push({ type, name, shared });
      else delta.set.push({ type, name, shared, body });
      bytes += body.length + resourceOverhead;
      cursor = resource;
    }
    if (sent < resources.length) return delta;
    page = undefined;
    if (!end) {
      startReading();
      return delta;
    }
    const credentialHashes = [...new Set([...end.revoked, ...revokedSince])];
    return { ...delta, complete: true, version: end.version, checksum: end.checksum, revocation: { revocationId: 0, credentialHashes } };
  }

  return {
    begin(version) {
      cursor = version === 0 ? atBegin : { ...atBegin, version: version + 1 };
      isFull = version === 0;
      page = undefined;
      reading = undefined;
      isWanted = false;
    },
    changed() {
      isWanted = true;
      onReady();
    },
    revoked(hashes) {
      for (const hash of hashes) revokedSince.add(hash);
    },
    next() {
      if (!page && isWanted && !reading) startReading();
      return page && messageOf(page);
    },
    close() {
      page = undefined;
      reading = undefined;
      isWanted = false;
    },
  };
}
