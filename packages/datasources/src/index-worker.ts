import { parentPort } from "node:worker_threads";
import type { IndexAnswer, IndexQuestion } from "./vector-index.ts";

/* A thread that compares vectors, so that no event loop does. */

type Part = { ids: Float64Array; vectors: Float32Array };
const indexes = new Map<string, Part[]>();

function search(parts: Part[], vector: Float32Array, limit: number, minScore: number): { id: number; score: number }[] {
  const best: { id: number; score: number }[] = [];
  let floor = minScore;
  const size = vector.length;
  for (const { ids, vectors } of parts)
    for (let row = 0, at = 0; row < ids.length; row++, at += size) {
      let score = 0;
      for (let i = 0; i < size; i++) score += (vector[i] as number) * (vectors[at + i] as number);
      if (score < floor) continue;
      best.push({ id: ids[row] as number, score });
      if (best.length < 4 * limit) continue;
      best.sort((a, b) => b.score - a.score).splice(limit);
      floor = Math.max(minScore, best.at(-1)?.score ?? minScore);
    }
  return best.sort((a, b) => b.score - a.score).slice(0, limit);
}

function answer(question: IndexQuestion): IndexAnswer {
  const parts = indexes.get(question.key) ?? [];
  if (question.do === "search") return search(parts, question.vector, question.limit, question.minScore);
  if (question.do === "drop") indexes.delete(question.key);
  else indexes.set(question.key, [...parts, { ids: question.ids, vectors: question.vectors }]);
  return [];
}

parentPort?.on("message", ({ id, question }: { id: number; question: IndexQuestion }) =>
  parentPort?.postMessage({ id, answer: answer(question) }),
);
