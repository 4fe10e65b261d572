import { Worker } from "node:worker_threads";

export type IndexQuestion =
  | { do: "add"; key: string; ids: Float64Array; vectors: Float32Array }
  | { do: "drop"; key: string }
  | { do: "search"; key: string; vector: Float32Array; limit: number; minScore: number };
export type IndexAnswer = { id: number; score: number }[];

/** Rows of the chunk table, in the order of their ids: `vectors` one after the other. */
export type VectorRows = { ids: Float64Array; vectors: Float32Array };

/** Where the chunks of the built-in store are kept. The index is a copy of it that can be made again at any time. */
export type VectorSource = {
  /** Undefined when there is no such collection. `deletions` rises whenever something is deleted. */
  state(key: string): Promise<{ dimensions: number; deletions: number; count: number } | undefined>;
  /** The next rows with an id above this one. */
  rowsAfter(key: string, id: number, limit: number): Promise<VectorRows>;
};

export type VectorIndex = {
  nearest(key: string, vector: Float32Array, options: { limit: number; minScore: number }): Promise<{ id: number; score: number }[]>;
  close(): Promise<void>;
};

const pageRows = 2_000;

/**
 * Exact search over the vectors of the built-in store, on a thread of its own. Collections that were searched lately stay in its memory,
 * and only what was added since is read again; a collection that is larger than the memory set aside is read page by page for each search.
 */
export function createVectorIndex(source: VectorSource, { maxBytes = 256 * 1024 * 1024 }: { maxBytes?: number } = {}): VectorIndex {
  type Copy = { lastId: number; deletions: number; bytes: number };
  /** Least recently searched first. */
  let copies = new Map<string, Copy>();
  const turns = new Map<string, Promise<unknown>>();
  const waiting = new Map<number, { resolve(answer: IndexAnswer): void; reject(error: Error): void }>();
  let worker: Worker | undefined;
  let lastId = 0;
  let scans = 0;

  function start(): Worker {
    const started = new Worker(new URL("./index-worker.ts", import.meta.url), { env: {}, execArgv: [] });
    started.unref();
    const lost = (error: Error) => {
      if (worker === started) {
        worker = undefined;
        copies = new Map();
      }
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    };
    started.on("message", ({ id, answer }: { id: number; answer: IndexAnswer }) => {
      waiting.get(id)?.resolve(answer);
      waiting.delete(id);
    });
    started.on("error", lost);
    started.on("exit", () => lost(new Error("the vector index stopped")));
    return started;
  }

  function ask(question: IndexQuestion): Promise<IndexAnswer> {
    worker ??= start();
    const id = ++lastId;
    const transfer = question.do === "add" ? [question.ids.buffer as ArrayBuffer, question.vectors.buffer as ArrayBuffer] : [];
    worker.postMessage({ id, question }, transfer);
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  }

  async function* pages(key: string, after: number): AsyncGenerator<VectorRows & { last: number }> {
    for (let from = after; ; ) {
      const rows = await source.rowsAfter(key, from, pageRows);
      if (rows.ids.length === 0) return;
      from = rows.ids.at(-1) ?? from;
      yield { ...rows, last: from };
    }
  }

  async function drop(key: string): Promise<void> {
    copies.delete(key);
    await ask({ do: "drop", key });
  }

  async function makeRoom(key: string, bytes: number): Promise<void> {
    const used = () => [...copies].reduce((sum, [name, copy]) => sum + (name === key ? 0 : copy.bytes), bytes);
    for (const name of [...copies.keys()]) if (name !== key && used() > maxBytes) await drop(name);
  }

  async function scan(key: string, query: Omit<IndexQuestion & { do: "search" }, "do" | "key">) {
    const best: IndexAnswer = [];
    const page = `scan ${++scans}`;
    for await (const { ids, vectors } of pages(key, 0)) {
      await ask({ do: "add", key: page, ids, vectors });
      best.push(...(await ask({ do: "search", key: page, ...query })));
      await ask({ do: "drop", key: page });
    }
    return best.sort((a, b) => b.score - a.score).slice(0, query.limit);
  }

  async function nearest(key: string, vector: Float32Array, options: { limit: number; minScore: number }): Promise<IndexAnswer> {
    const state = await source.state(key);
    if (!state || state.dimensions !== vector.length) return [];
    const bytes = state.count * state.dimensions * 4;
    if (bytes > maxBytes) return scan(key, { vector, ...options });
    let copy = copies.get(key);
    if (copy && copy.deletions !== state.deletions) {
      await drop(key);
      copy = undefined;
    }
    await makeRoom(key, bytes);
    const current = copy ?? { lastId: 0, deletions: state.deletions, bytes: 0 };
    copies.delete(key);
    copies.set(key, current);
    for await (const { ids, vectors, last } of pages(key, current.lastId)) {
      current.bytes += vectors.byteLength;
      current.lastId = last;
      await ask({ do: "add", key, ids, vectors });
    }
    return ask({ do: "search", key, vector, ...options });
  }

  return {
    /** One at a time for each collection, so that none reads what another is reading. */
    nearest(key, vector, options) {
      const turn = (turns.get(key) ?? Promise.resolve()).catch(() => {}).then(() => nearest(key, vector, options));
      turns.set(key, turn);
      return turn.finally(() => {
        if (turns.get(key) === turn) turns.delete(key);
      });
    },
    async close() {
      await worker?.terminate();
    },
  };
}
