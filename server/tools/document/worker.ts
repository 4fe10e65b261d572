import { parentPort } from "node:worker_threads";
import { upgradeFromTwoToThree } from "@scalar/openapi-upgrader/2.0-to-3.0";
import { faultsOfDocument } from "./check.ts";
import { compile } from "./compile.ts";
import type { Answer, Question } from "./documents.ts";
import { errorAt } from "./faults.ts";
import { isObject } from "./json.ts";
import { readSource } from "./source.ts";

/* A thread of its own for documents that others write: its owner ends it when an answer takes too long. */

const maxDefinitionChars = 4 * 1024 * 1024;

async function answer({ text }: Question): Promise<Answer> {
  const source = readSource(text);
  if (!source.ok) return { faults: source.faults };
  const { value, locate } = source;
  const faults = await faultsOfDocument(value);
  if (faults.length > 0 || !isObject(value)) return { faults: locate(faults) };
  const dialect = String(value.openapi ?? `Swagger ${String(value.swagger)}`);
  const compiled = compile(value.swagger === undefined ? value : (upgradeFromTwoToThree(value) as Record<string, unknown>));
  const definition = JSON.stringify(compiled.definition);
  if (definition.length > maxDefinitionChars)
    compiled.faults.push(errorAt(["paths"], "is too large with its references resolved: leave out operations that you do not need"));
  const located = locate(compiled.faults);
  return located.some(({ severity }) => severity === "error") ? { faults: located } : { faults: located, dialect, definition };
}

parentPort?.on("message", ({ id, question }: { id: number; question: Question }) => {
  void answer(question)
    .catch((error: unknown): Answer => ({ faults: [], refused: error instanceof Error ? error.message : String(error) }))
    .then((one) => parentPort?.postMessage({ id, answer: one }));
});
parentPort?.postMessage("ready");
