import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from "node:zlib";

const decoders: Record<string, () => ReturnType<typeof createGunzip> | ReturnType<typeof createBrotliDecompress>> = {
  gzip: () => createGunzip(),
  "x-gzip": () => createGunzip(),
  deflate: () => createInflate(),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
};

export type Decoder = { write(chunk: Buffer): void; end(): void; pause(): void; resume(): void };

type Flow = { pause(): void; resume(): void };

/**
 * Decompresses the answer of an upstream that compresses unasked; holds the upstream back while it is behind.
 * @returns undefined for an encoding it does not know: such an answer passes as it is, unread.
 */
export function createDecoder(
  encoding: string,
  { control, onData, onEnd, onError }: { control: Flow; onData(chunk: Buffer): void; onEnd(): void; onError(error: Error): void },
): Decoder | undefined {
  const create = decoders[encoding.toLowerCase().trim()];
  if (!create) return undefined;
  const stream = create();
  stream.on("data", onData);
  stream.on("end", onEnd);
  stream.on("error", onError);
  return {
    write(chunk) {
      if (stream.write(chunk)) return;
      control.pause();
      stream.once("drain", () => control.resume());
    },
    end: () => void stream.end(),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
  };
}
