import { parentPort } from "node:worker_threads";
import { parse as parseCsv } from "csv-parse/sync";
import { htmlToText } from "html-to-text";
import mammoth from "mammoth";
import { extractText } from "unpdf";
import type { Answer, Question } from "./extractor.ts";

/* A thread of its own for files that others made: its owner ends it when an answer takes too long. */

const decode = (bytes: Uint8Array) => new TextDecoder("utf-8").decode(bytes).replaceAll("\0", "");

/** One paragraph a row, each value with its column, so that a piece of the table can be understood alone. */
function textOfCsv(text: string): string {
  const [head = [], ...rows] = parseCsv(text, { bom: true, relax_column_count: true, skip_empty_lines: true }) as string[][];
  return rows.map((row) => row.map((value, at) => `${head[at] ?? `Column ${at + 1}`}: ${value}`).join("\n")).join("\n\n");
}

async function textOf({ bytes, format }: Question): Promise<string> {
  switch (format) {
    case "pdf":
      return (await extractText(bytes, { mergePages: true })).text;
    case "docx":
      return (await mammoth.extractRawText({ buffer: Buffer.from(bytes) })).value;
    case "html":
      return htmlToText(decode(bytes), {
        wordwrap: false,
        selectors: [
          { selector: "a", options: { ignoreHref: true } },
          { selector: "img", format: "skip" },
        ],
      });
    case "csv":
      return textOfCsv(decode(bytes));
    case "text":
      return decode(bytes);
  }
}

parentPort?.on("message", ({ id, question }: { id: number; question: Question }) => {
  void textOf(question)
    .then(
      (text): Answer => ({ text }),
      (error: unknown): Answer => ({
        fault: `cannot be read as ${question.format.toUpperCase()}: ${error instanceof Error ? error.message : String(error)}`,
      }),
    )
    .then((answer) => parentPort?.postMessage({ id, answer }));
});
parentPort?.postMessage("ready");
