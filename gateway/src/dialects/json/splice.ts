import { isObject, parseJson } from "./json.ts";
import { endOfText } from "./text.ts";

/*
 * Changes fields of a JSON object in its text, so that every other byte stays as it was: numbers beyond 2^53 and fractions that end in zeros do
 * not survive being parsed and written again. Texts are valid JSON, and may be of bytes as well as of characters.
 */

type Field = { name: string; from: number; valueFrom: number; to: number };

/** The fields of the outermost object, in order. */
function fieldsOf(text: string): Field[] {
  const fields: Field[] = [];
  let at = text.indexOf("{") + 1;
  for (;;) {
    at = text.indexOf('"', at);
    if (at < 0) return fields;
    const nameEnd = endOfText(text, at + 1) + 1;
    const valueFrom = skipSpace(text, text.indexOf(":", nameEnd) + 1);
    const to = endOfValue(text, valueFrom);
    fields.push({ name: JSON.parse(text.slice(at, nameEnd)) as string, from: at, valueFrom, to });
    at = to;
  }
}

const space = /\s*/y;
function skipSpace(text: string, at: number): number {
  space.lastIndex = at;
  space.test(text);
  return space.lastIndex;
}

const scalarEnd = /[,}\]\s]/g;

function endOfValue(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return endOfText(text, from + 1) + 1;
  if (first !== "{" && first !== "[") {
    scalarEnd.lastIndex = from;
    return scalarEnd.exec(text)?.index ?? text.length;
  }
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 34) at = endOfText(text, at + 1);
    else if (char === 123 || char === 91) depth++;
    else if ((char === 125 || char === 93) && --depth === 0) return at + 1;
  }
  return text.length;
}

/** Sets a field, in place where the object has it and in front of the others where it has not. */
export function setField(text: string, name: string, value: string): string {
  const fields = fieldsOf(text);
  const known = fields.filter((field) => field.name === name);
  if (known.length === 0) {
    const at = text.indexOf("{") + 1;
    return `${text.slice(0, at)}${JSON.stringify(name)}:${value}${fields.length > 0 ? "," : ""}${text.slice(at)}`;
  }
  // Whichever of several a reader takes, it takes this.
  let result = text;
  for (const { valueFrom, to } of known.reverse()) result = result.slice(0, valueFrom) + value + result.slice(to);
  return result;
}

/** The value of a field as it is written, the last if there are several; undefined when there is none. */
export function textOf(text: string, name: string): string | undefined {
  const field = fieldsOf(text).findLast((one) => one.name === name);
  return field && text.slice(field.valueFrom, field.to);
}

/**
 * Writes each name once and plainly, with its last value as it stood, and leaves out the names that `isDropped` says.
 * @param rewritten names whose values are written again too, as they hold names themselves.
 */
export function plainFields(
  text: string,
  { isDropped, rewritten }: { isDropped(name: string): boolean; rewritten: ReadonlySet<string> },
): string {
  const values = new Map<string, string>();
  for (const { name, valueFrom, to } of fieldsOf(text)) if (!isDropped(name)) values.set(name, text.slice(valueFrom, to));
  const parts = [...values].map(([name, value]) => {
    const parsed = rewritten.has(name) ? parseJson(value) : undefined;
    const written = isObject(parsed) || Array.isArray(parsed) || typeof parsed === "string" ? JSON.stringify(parsed) : value;
    return `${JSON.stringify(name)}:${written}`;
  });
  return `{${parts.join(",")}}`;
}
