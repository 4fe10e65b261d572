import { dictionary } from "@zxcvbn-ts/language-common";

/** The 50,000 passwords that are tried first, in lower case. */
const common = new Set<string>(dictionary["passwords-common"]);
const product = "portico";
const minDistinct = 4;
/** "summer2026!" is as easily guessed as "summer". */
const maxDecoration = 6;

/**
 * Why a password is too easy to guess for this account, as the end of a sentence about it; undefined when it is not. The contract
 * checks its length (users/contract.ts). Character classes are not required: people meet such rules in predictable ways.
 */
export function faultOfPassword(password: string, { email, name }: { email: string; name: string }): string | undefined {
  const text = password.normalize("NFKC").toLowerCase();
  if (text.trim() === "") return "must not be only spaces";
  if (new Set(text).size < minDistinct) return `needs at least ${minDistinct} different characters`;
  if (isSequence(text)) return "must not be a sequence such as abcdefgh or 87654321";
  const bare = withoutDecoration(unitOf(text));
  if ([text, unitOf(text), bare].some((one) => common.has(one))) return "is one of the most common passwords; choose another";
  const squeezed = bare.replace(/[^\p{L}\p{N}@]/gu, "");
  if (ownWords(email, name).has(squeezed)) return "must not be the account's own e-mail address or name, or the name of this product";
  return undefined;
}

function ownWords(email: string, name: string): Set<string> {
  const [local = "", domain = ""] = email.toLowerCase().split("@");
  const words = [email.toLowerCase(), local, ...local.split(/[^\p{L}\p{N}]+/u), domain, domain.split(".")[0] ?? "", name, product];
  const squeezed = words.map((word) =>
    word
      .normalize("NFKC")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}@]/gu, ""),
  );
  return new Set(squeezed.filter((word) => word.length >= 3));
}

/** "adminadmin" is "admin" typed twice. */
function unitOf(text: string): string {
  const length = (text + text).indexOf(text, 1);
  return text.slice(0, length);
}

function withoutDecoration(text: string): string {
  const bare = text.replace(/^[^\p{L}]+/u, "").replace(/[^\p{L}]+$/u, "");
  return bare.length > 0 && text.length - bare.length <= maxDecoration ? bare : text;
}

function isSequence(text: string): boolean {
  const codes = [...text].map((character) => character.codePointAt(0) ?? 0);
  const step = (codes[1] ?? 0) - (codes[0] ?? 0);
  return Math.abs(step) === 1 && codes.every((code, at) => at === 0 || code - (codes[at - 1] ?? 0) === step);
}
