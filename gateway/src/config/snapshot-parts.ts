import type { SnapshotEnvelope, SnapshotPart } from "@portico/protocol/edge";

/** No configuration comes near this; a hub that announces more is not believed. */
const mostBytes = 256 * 1024 * 1024;

/** Puts the parts of a large snapshot together; one at a time, the newest. */
export function createSnapshotParts() {
  let body: Buffer | undefined;
  let version = 0;
  let checksum = "";
  let filled = 0;

  return {
    /** @returns the envelope once its last part is there. @throws Error when the part does not continue what came before. */
    add(part: SnapshotPart): SnapshotEnvelope | undefined {
      if (part.offset === 0) {
        if (part.totalBytes > mostBytes) throw new Error(`a snapshot of ${part.totalBytes} bytes is more than an edge takes`);
        body = Buffer.alloc(part.totalBytes);
        ({ version, checksum } = part);
        filled = 0;
      }
      if (
        !body ||
        part.version !== version ||
        part.checksum !== checksum ||
        part.offset !== filled ||
        filled + part.data.length > body.length
      )
        throw new Error(`the part at ${part.offset} of snapshot ${part.version} does not continue what came before`);
      body.set(part.data, filled);
      filled += part.data.length;
      if (filled < body.length) return undefined;
      const envelope = { version, checksum, body, revocation: part.revocation };
      body = undefined;
      return envelope;
    },
  };
}
