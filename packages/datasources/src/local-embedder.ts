import { type Embedder, normalized } from "./types.ts";

export const localDimensions = 512;

/**
 * Vectors without a model and without a network: words and groups of three letters are hashed to places of the vector. Texts that share
 * wording, also in other inflections and with typing errors, come out near each other. It knows nothing of meaning: synonyms and other
 * languages are far apart.
 */
export const localEmbedder: Embedder = {
  embed: (texts) => Promise.resolve(texts.map(vectorOf)),
};

function vectorOf(text: string): Float32Array {
  const counts = new Map<string, number>();
  const count = (feature: string) => counts.set(feature, (counts.get(feature) ?? 0) + 1);
  const plain = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  for (const [word] of plain.matchAll(/[\p{L}\p{N}]+/gu)) {
    count(word);
    const padded = `^${word}$`;
    for (let at = 0; at + 3 <= padded.length; at++) count(` ${padded.slice(at, at + 3)}`);
  }
  const vector = new Float32Array(localDimensions);
  for (const [feature, times] of counts) {
    const hash = hashOf(feature);
    // Short words are in every text and say little; a word that is repeated says little more than once.
    const isGroup = feature.startsWith(" ");
    const weight = (isGroup ? 0.3 : feature.length < 4 ? 0.2 : 1) * (1 + Math.log(times));
    vector[(hash >>> 1) % localDimensions] = (vector[(hash >>> 1) % localDimensions] ?? 0) + (hash & 1 ? weight : -weight);
  }
  return normalized(vector);
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  // The low bits of FNV are weak.
  return (hash ^ (hash >>> 15)) >>> 0;
}
