import { createHash } from "node:crypto";
import { AppError, type FieldIssue, messageOf } from "@portico/core";
import { faultOfStored } from "../../../db/storable.ts";
import { isObject, type Json } from "../../catalog/json.ts";
import { maxSchemaBytes } from "./limits.ts";
import { type Answer, createPool } from "./pool.ts";

/** How long a schema that took too long is refused without another try. */
export const retryAfterMs = 5 * 60_000;
const keptAnswers = 500;
const keptChars = 16 * 1024 * 1024;

export type Checked = { config: Json; issues: FieldIssue[] };

/** What plugins say of their settings, followed within limits of size and time and never on the event loop. */
export function createSchemas({ deadlineMs }: { deadlineMs: number }) {
  const pool = createPool({ deadlineMs });
  const answers = new Map<string, { answer: Answer; chars: number; at: number }>();
  const asked = new Map<string, Promise<Answer>>();
  let chars = 0;

  function forget(key: string): void {
    chars -= answers.get(key)?.chars ?? 0;
    answers.delete(key);
  }

  function keep(key: string, answer: Answer): void {
    forget(key);
    const size = 200 + (answer.config?.length ?? 0) + (answer.issues ? JSON.stringify(answer.issues).length : 0);
    answers.set(key, { answer, chars: size, at: performance.now() });
    chars += size;
    for (const oldest of answers.keys()) {
      if (answers.size <= keptAnswers && chars <= keptChars) break;
      forget(oldest);
    }
  }

  /** @param patient false: a schema that took too long a while ago is not tried again. */
  async function ask(schema: Json, config: Json | undefined, patient: boolean): Promise<Answer> {
    const unstorable = faultOfStored(schema) ?? faultOfStored(config);
    if (unstorable) return { refused: unstorable };
    const question = { schema: JSON.stringify(schema), config: config && JSON.stringify(config) };
    if (Buffer.byteLength(question.schema) > maxSchemaBytes) return { refused: tooLarge };
    const key = createHash("sha256")
      .update(question.schema)
      .update("\0")
      .update(question.config ?? "")
      .digest("base64");
    const known = answers.get(key);
    if (known && (!known.answer.gaveUp || (!patient && performance.now() - known.at < retryAfterMs))) {
      // The least recently used goes first.
      answers.delete(key);
      answers.set(key, known);
      return known.answer;
    }
    let answer = asked.get(key);
    if (!answer) {
      answer = pool.ask(question);
      asked.set(key, answer);
      void answer.then((one) => {
        asked.delete(key);
        keep(key, one);
      });
    }
    return answer;
  }

  async function check(schema: Json | null, config: Json, { prefix = "config", patient = true } = {}): Promise<Checked> {
    if (schema === null) return { config: structuredClone(config), issues: [] };
    const answer = await ask(schema, config, patient);
    if (answer.refused !== undefined) throw refusal(answer.refused);
    const issues = (answer.issues ?? []).map(({ path, message }) => ({ field: [prefix, ...path].join("."), message }));
    return { config: JSON.parse(answer.config ?? "{}") as Json, issues };
  }

  async function demand(schema: Json): Promise<void> {
    const { refused } = await ask(schema, undefined, true);
    if (refused !== undefined) throw refusal(refused);
  }

  return {
    /** @throws AppError plugin_invalid when the text is not a JSON Schema that can be used. */
    async parse(text: string): Promise<Json> {
      if (text.length > maxSchemaBytes || Buffer.byteLength(text) > maxSchemaBytes) throw refusal(tooLarge);
      let schema: unknown;
      try {
        schema = JSON.parse(text.trim() === "" ? "{}" : text);
      } catch (error) {
        throw refusal(`is not JSON: ${messageOf(error)}`);
      }
      if (!isObject(schema)) throw refusal("is not a JSON object");
      await demand(schema);
      return schema;
    },

    /** @throws AppError plugin_invalid when a stored schema cannot be used. */
    demand,

    /**
     * The config with the schema's defaults, and what is wrong with it. Fields are `<prefix>.<path>`.
     * @throws AppError plugin_invalid when the schema cannot be used, or not in time.
     */
    check,

    /** @throws AppError validation_failed naming each field. @returns the config with defaults. */
    async accept(schema: Json | null, config: Json, prefix = "config"): Promise<Json> {
      const { config: complete, issues } = await check(schema, config, { prefix });
      if (issues.length > 0) throw new AppError({ code: "validation_failed", message: "The configuration is not valid.", issues });
      return complete;
    },

    close: pool.close,
  };
}
export type Schemas = ReturnType<typeof createSchemas>;

const tooLarge = `is larger than ${maxSchemaBytes / 1024} KiB`;

function refusal(why: string): AppError {
  const message = `Its config schema ${why}.`;
  return new AppError({ code: "plugin_invalid", message, issues: [{ field: "config_schema", message, code: "plugin_invalid" }] });
}
