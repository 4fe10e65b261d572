import { createHash } from "node:crypto";
import { AppError } from "@portico/core";
import { createWorkerPool } from "@portico/core/worker-pool";
import type { ToolDefinition } from "@portico/tool-executor/definition";
import { maxDocumentBytes } from "../contract/document.ts";
import { type DocumentFault, sentenceOf } from "./faults.ts";

const keptAnswers = 20;

export type Question = { text: string };

export type Answer = {
  faults: DocumentFault[];
  /** `3.1.0`, or `Swagger 2.0`. */
  dialect?: string;
  /** JSON of the definition, of a document without errors. */
  definition?: string;
  /** Why the document could not be read at all, as a sentence's end. */
  refused?: string;
};

export type ReadDocument = { dialect: string; definition: ToolDefinition; warnings: DocumentFault[] };

export type Documents = {
  /** Checks a document and says everything that is wrong with it. @throws AppError when it cannot be looked at. */
  check(text: string): Promise<{ faults: DocumentFault[]; document: ReadDocument | null }>;
  /** @throws AppError validation_failed, naming the place of each error. */
  read(text: string, field: string): Promise<ReadDocument>;
  close(): Promise<void>;
};

/** Reads OpenAPI documents within limits of size and time and never on the event loop. */
export function createDocuments({ deadlineMs = 10_000 }: { deadlineMs?: number } = {}): Documents {
  const pool = createWorkerPool<Question, Answer>({
    script: new URL("./worker.ts", import.meta.url),
    deadlineMs,
    maxWaiting: 50,
    maxHeapMb: 256,
    giveUp: (reason) => ({ faults: [], refused: reason }),
  });
  /** Of the last documents, by their hash: a form checks a document before it is saved. */
  const answers = new Map<string, Answer>();

  async function ask(text: string): Promise<Answer> {
    if (Buffer.byteLength(text) > maxDocumentBytes)
      return { faults: [], refused: `is larger than ${maxDocumentBytes / 1024 / 1024} MiB: leave out operations that you do not need` };
    const key = createHash("sha256").update(text).digest("base64");
    const known = answers.get(key);
    if (known) return known;
    const answer = await pool.ask({ text });
    if (answer.refused === undefined) {
      const [oldest] = answers.keys();
      if (answers.size >= keptAnswers && oldest !== undefined) answers.delete(oldest);
      answers.set(key, answer);
    }
    return answer;
  }

  const documentOf = ({ definition, dialect = "", faults }: Answer): ReadDocument | null =>
    definition === undefined ? null : { dialect, definition: JSON.parse(definition) as ToolDefinition, warnings: faults };

  return {
    async check(text) {
      const answer = await ask(text);
      const faults: DocumentFault[] =
        answer.refused === undefined ? answer.faults : [{ severity: "error", line: null, column: null, path: "", message: answer.refused }];
      return { faults, document: documentOf(answer) };
    },

    async read(text, field) {
      const { faults, document } = await this.check(text);
      if (document) return document;
      const errors = faults.filter(({ severity }) => severity === "error");
      throw new AppError({
        code: "validation_failed",
        message: "The OpenAPI document is not valid.",
        issues: errors.slice(0, 20).map((fault) => ({ field, message: sentenceOf(fault) })),
      });
    },

    close: () => pool.close(),
  };
}
