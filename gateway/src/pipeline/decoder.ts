import zlib, { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, type Gunzip } from "node:zlib";

type Stream = Pick<Gunzip, "write" | "end" | "on" | "once" | "pause" | "resume" | "destroy">;

const decoders: Record<string, (firstByte: number) => Stream> = {
  gzip: () => createGunzip(),
  "x-gzip": () => createGunzip(),
  // Browsers read "deflate" with and without the zlib header that the standard asks for; so do we. A header names method 8 in its low bits.
  deflate: (firstByte) => ((firstByte & 0x0f) === 8 ? createInflate() : createInflateRaw()),
  br: () => createBrotliDecompress(),
};
// Node has it since 22.15. The standard bounds its window to 8 MiB; a sender could otherwise have us set aside 128.
if (typeof zlib.createZstdDecompress === "function") {
  const params = { [zlib.constants.ZSTD_d_windowLogMax]: 23 };
  decoders.zstd = () => zlib.createZstdDecompress({ params });
}

export const knownEncodings: readonly string[] = Object.keys(decoders);

/** True for a content encoding that can be decoded. */
export const isKnownEncoding = (encoding: string): boolean => Object.hasOwn(decoders, encoding.toLowerCase().trim());

export type Decoder = {
  write(chunk: Buffer): void;
  end(): void;
  pause(): void;
  resume(): void;
  /** Stops without a further word. */
  destroy(): void;
};

type Flow = { pause(): void; resume(): void };

/**
 * Decompresses the body of a sender that compresses unasked; holds the sender back while it is behind.
 * @returns undefined for an encoding it does not know: such a body passes as it is, unread.
 */
export function createDecoder(
  encoding: string,
  { control, onData, onEnd, onError }: { control: Flow; onData(chunk: Buffer): void; onEnd(): void; onError(error: Error): void },
): Decoder | undefined {
  if (!isKnownEncoding(encoding)) return undefined;
  const create = decoders[encoding.toLowerCase().trim()] as (firstByte: number) => Stream;
  let stream: Stream | undefined;
  let ended = false;

  function fail(error: unknown): void {
    if (ended) return;
    ended = true;
    stream?.destroy();
    onError(error instanceof Error ? error : new Error(String(error)));
  }

  /** An exception in an event of a stream would end the process. */
  function guarded(run: () => void): void {
    try {
      if (!ended) run();
    } catch (error) {
      fail(error);
    }
  }

  function open(firstByte: number): Stream {
    const opened = create(firstByte);
    opened.on("data", (chunk: Buffer) => guarded(() => onData(chunk)));
    opened.on("end", () => guarded(onEnd));
    opened.on("error", fail);
    return opened;
  }

  return {
    write(chunk) {
      if (ended || chunk.length === 0) return;
      stream ??= open(chunk[0] as number);
      if (stream.write(chunk)) return;
      control.pause();
      stream.once("drain", () => control.resume());
    },
    end() {
      // Nothing is nothing in every encoding.
      if (stream) stream.end();
      else guarded(onEnd);
    },
    pause: () => void stream?.pause(),
    resume: () => void stream?.resume(),
    destroy() {
      ended = true;
      stream?.destroy();
    },
  };
}
