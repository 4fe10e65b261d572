import { isUtf8 } from "node:buffer";
import { invalid } from "@portico/core";
import { maxFileBytes } from "./contract.ts";

const texts = ["txt", "md", "markdown", "html", "htm", "csv", "tsv", "json", "jsonl", "yaml", "yml", "xml", "rst", "log"];
/** How files of a type begin. */
const beginnings: Record<string, string> = { pdf: "%PDF-", docx: "PK\u0003\u0004", odt: "PK\u0003\u0004", rtf: "{\\rtf" };
const known = [...texts, ...Object.keys(beginnings)].sort();

/** @throws AppError validation_failed for a file that its name does not describe, so that whoever reads it later can. */
export function checkFile(name: string, content: Buffer): void {
  if (content.length > maxFileBytes) throw invalid("file", `must be at most ${maxFileBytes / 1024 / 1024} MiB`);
  const extension = /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  if (!known.includes(extension)) throw invalid("file_name", `must end in one of ${known.map((one) => `.${one}`).join(", ")}`);
  const beginning = Object.hasOwn(beginnings, extension) ? beginnings[extension] : undefined;
  if (beginning !== undefined && content.subarray(0, beginning.length).toString("latin1") !== beginning)
    throw invalid("file", `is not a ${extension.toUpperCase()} file: its name ends in .${extension} and its content begins otherwise`);
  if (beginning === undefined && (!isUtf8(content) || content.includes(0))) throw invalid("file", "is not text in UTF-8");
}
