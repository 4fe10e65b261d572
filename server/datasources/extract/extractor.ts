import { createWorkerPool } from "@portico/core/worker-pool";

export type Format = "text" | "html" | "pdf" | "docx" | "csv";
export type Question = { bytes: Uint8Array; format: Format };
export type Answer = { text: string } | { fault: string };

export type Extractor = { read(fileName: string, bytes: Uint8Array): Promise<Answer>; close(): Promise<void> };

const formats: Readonly<Record<string, Format>> = { htm: "html", html: "html", xhtml: "html", pdf: "pdf", docx: "docx", csv: "csv" };

/** By the bytes first: names lie. Undefined for bytes that are no text. */
function formatOf(fileName: string, bytes: Uint8Array): Format | undefined {
  const starts = (text: string) => Buffer.from(bytes.subarray(0, text.length)).toString("latin1") === text;
  const named = formats[/\.([a-z]+)$/i.exec(fileName)?.[1]?.toLowerCase() ?? ""];
  if (starts("%PDF-")) return "pdf";
  if (starts("PK\u0003\u0004")) return named === "docx" ? "docx" : undefined;
  if (named === "pdf" || named === "docx") return undefined;
  return bytes.subarray(0, 4096).includes(0) ? undefined : (named ?? "text");
}

/** The text of files, read within limits of time and memory and never on the event loop. */
export function createExtractor({ deadlineMs = 60_000 }: { deadlineMs?: number } = {}): Extractor {
  const pool = createWorkerPool<Question, Answer>({
    script: new URL("./worker.ts", import.meta.url),
    deadlineMs,
    threads: 1,
    maxWaiting: 50,
    maxHeapMb: 384,
    giveUp: (reason) => ({ fault: reason.replace("validated", "read") }),
  });
  return {
    async read(fileName, bytes) {
      const format = formatOf(fileName, bytes);
      if (!format) return { fault: "is not text, Markdown, HTML, PDF, DOCX or CSV" };
      const answer = await pool.ask({ bytes: new Uint8Array(bytes), format });
      if ("text" in answer && answer.text.trim() === "") return { fault: "has no text; scanned pages need text recognition first" };
      return answer;
    },
    close: () => pool.close(),
  };
}
