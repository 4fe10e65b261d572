import { invalid, notFound } from "@portico/core";
import type { Outbound } from "@portico/outbound";
import { type DialectId, type VendorId, vendorOf } from "@portico/protocol/vendors";
import { request } from "undici";
import { z } from "zod";
import type { Actor } from "../auth/actor.ts";
import type { SecretValues } from "../secrets/values.ts";
import { type Finding, faultOfConnection, faultOfStatus, finding, testSeconds } from "./connection-faults.ts";
import type { ConnectionResult, ConnectionTest } from "./contract/connection.ts";
import { redacted } from "./contract.ts";
import type { LlmStore } from "./store.ts";

export type ConnectionTester = { test(actor: Actor, asked: ConnectionTest): Promise<ConnectionResult> };

const maxAnswerBytes = 4 * 1024 * 1024;
const maxModels = 1_000;

/** What is tested, put together from the draft and what is stored. */
type Target = { vendor: VendorId; endpoint: string; key: string; model: string };

const ModelList = z.object({ data: z.array(z.object({ id: z.string() })) });

/**
 * Asks an LLM's vendor for its list of models, which costs nothing and needs a valid key. Runs in studio, with the same policy for
 * addresses as gateways; a gateway elsewhere may have another network.
 */
export function createConnectionTester({
  store,
  secretValues,
  outbound,
}: {
  store: Pick<LlmStore, "find" | "storedKey">;
  secretValues: Pick<SecretValues, "reveal" | "revealSent">;
  outbound: Pick<Outbound, "agent">;
}): ConnectionTester {
  async function targetOf(actor: Actor, asked: ConnectionTest): Promise<Target> {
    const stored = asked.llm_id ? await store.find(asked.llm_id) : undefined;
    if (asked.llm_id && !stored) throw notFound("LLM");
    const vendor = asked.vendor ?? stored?.vendor;
    if (!vendor) throw invalid("vendor", "is required without llm_id");
    const endpoint = (asked.api_endpoint ?? stored?.apiEndpoint) || vendorOf(vendor).endpoint;
    const model = asked.default_model ?? stored?.defaultModel ?? "";
    const sent = asked.api_key ?? (stored?.hasApiKey ? redacted : "");
    if (sent !== redacted) return { vendor, endpoint, key: await secretValues.revealSent(actor, sent, "api_key"), model };
    if (!stored?.hasApiKey) throw invalid("api_key", "no key is stored: enter one");
    // A key that is kept must not be readable by pointing the endpoint at a server of one's own.
    const storedEndpoint = stored.apiEndpoint || vendorOf(stored.vendor).endpoint;
    if (new URL(endpoint).origin !== new URL(storedEndpoint).origin)
      throw invalid("api_key", `the stored key is sent to ${new URL(storedEndpoint).origin} only: enter the key to test another endpoint`);
    const kept = (await store.storedKey(stored.id)) ?? "";
    return { vendor, endpoint, key: await secretValues.reveal(kept, "api_key"), model };
  }

  /** @returns what was found, and the models of an answer that lists them. */
  async function ask(url: URL, { vendor, key, model }: Target) {
    const { auth, dialect } = vendorOf(vendor);
    const agent = outbound.agent({ purpose: "llm", pipelining: 0, connect: { timeout: testSeconds * 1_000 } });
    try {
      const answer = await request(url, {
        dispatcher: agent,
        headers: {
          accept: "application/json",
          "accept-encoding": "identity",
          ...(dialect === "anthropic" ? { "anthropic-version": "2023-06-01" } : {}),
          ...(key === "" ? {} : auth.scheme === "bearer" ? { authorization: `Bearer ${key}` } : { [auth.header]: key }),
        },
        signal: AbortSignal.timeout(testSeconds * 1_000),
      });
      const status = answer.statusCode;
      if (status < 200 || status > 299) {
        const location = String(answer.headers.location ?? "");
        return { status, models: [], found: faultOfStatus(status, { host: url.hostname, location, hasKey: key !== "" }) };
      }
      const models = readModels(await readBody(answer.body));
      return { status, models: models ?? [], found: judge(url.hostname, models, model, dialect) };
    } catch (error) {
      return { status: null, models: [], found: faultOfConnection(error, url) };
    } finally {
      await agent.destroy();
    }
  }

  return {
    async test(actor, asked) {
      const target = await targetOf(actor, asked);
      const url = modelsUrl(target.endpoint, vendorOf(target.vendor).dialect);
      const startedAt = performance.now();
      const { status, models, found } = /[^\x20-\x7e]/.test(target.key)
        ? {
            status: null,
            models: [],
            found: finding("key_invalid", "api_key", "The API key has characters that cannot be sent, e.g. a line break. Enter it again."),
          }
        : await ask(url, target);
      return {
        ...found,
        host: url.hostname,
        http_status: status,
        duration_ms: Math.round(performance.now() - startedAt),
        models: models.slice(0, maxModels),
      };
    },
  };
}

/** Where a vendor lists its models. An endpoint with a version of its own needs none; what it has as query stays. */
export function modelsUrl(endpoint: string, dialect: DialectId): URL {
  const url = new URL(endpoint);
  const base = url.pathname.replace(/\/+$/, "");
  const isVersioned = /\/v\d[\w.-]*(?:\/|$)/.test(base);
  url.pathname = `${base}${isVersioned || (dialect === "openai" && base !== "") ? "" : "/v1"}/models`;
  return url;
}

function judge(host: string, models: string[] | undefined, model: string, dialect: DialectId): Finding {
  if (!models)
    return finding(
      "unexpected_answer",
      "api_endpoint",
      `${host} answers, but not with a list of models. Check that the endpoint speaks the ${dialect === "openai" ? "OpenAI" : "Anthropic"} protocol.`,
    );
  if (model !== "" && models.length > 0 && !models.includes(model))
    return finding(
      "model_not_found",
      "default_model",
      `Connected to ${host}, but it does not list the model ${model}. Check the default model.`,
    );
  return finding("connected", "", `Connected to ${host}: ${models.length === 1 ? "1 model" : `${models.length} models`} available.`);
}

async function readBody(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxAnswerBytes) return "";
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function readModels(text: string): string[] | undefined {
  try {
    return ModelList.parse(JSON.parse(text)).data.map(({ id }) => id);
  } catch {
    return undefined;
  }
}
