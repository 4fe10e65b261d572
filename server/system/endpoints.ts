import { messageOf, withTimeout } from "@portico/core";
import type { z } from "zod";
import { endpoint, type JsonReply } from "../http/endpoint.ts";
import { Features, FrontendConfig, Health, OpenApiDocument, Readiness } from "./contract.ts";

/** One thing that must be in place before traffic should come; undefined when it is, else what is missing. */
export type ReadyCheck = {
  name: string;
  missing(): Promise<string | undefined> | string | undefined;
  /** What to report instead of "ok" although nothing that matters is missing. */
  note?(): string | undefined;
};

/** Whatever asks wants to know within two seconds. */
const checkMs = 1_500;

/** A check that hangs is said to, and is not started again while it does: each would hold a connection. */
function inTime(missing: ReadyCheck["missing"]): () => Promise<string | undefined> {
  let running: Promise<string | undefined> | undefined;
  return async () => {
    running ??= Promise.resolve()
      .then(missing)
      .catch(messageOf)
      .finally(() => {
        running = undefined;
      });
    return withTimeout(running, checkMs, () => new Error(`did not answer within ${checkMs / 1000} s`)).catch(messageOf);
  };
}

export function systemEndpoints({
  checks,
  gatewayUrl,
  version,
  openapi,
}: {
  checks: ReadyCheck[];
  gatewayUrl: string;
  version: string;
  openapi: () => OpenApiDocument;
}) {
  const probes = checks.map(({ name, missing, note }) => ({ name, note, run: inTime(missing) }));
  const health = (path: string) =>
    endpoint({
      method: "GET",
      path,
      summary: "Check that the process is alive",
      permission: "public",
      anonymous: true,
      result: Health,
      handle: () => ({ json: { status: "ok" as const } }),
    });
  const ready = (path: string) =>
    endpoint({
      method: "GET",
      path,
      summary: "Check that the process is ready for traffic; 503 lists what is missing",
      permission: "public",
      anonymous: true,
      result: Readiness,
      async handle(): Promise<JsonReply<z.infer<typeof Readiness>>> {
        const results = await Promise.all(probes.map(async ({ name, run, note }) => [name, await run(), note?.() ?? "ok"] as const));
        const missing = results.flatMap(([name, problem]) => (problem ? [`${name}: ${problem}`] : []));
        const report = Object.fromEntries(results.map(([name, problem, otherwise]) => [name, problem ?? otherwise]));
        return missing.length === 0
          ? { json: { status: "ready", checks: report } }
          : { status: 503, json: { status: "not ready", missing, checks: report } };
      },
    });
  const features = (path: string, permission: "public" | "user") =>
    endpoint({
      method: "GET",
      path,
      summary: "List the features of this installation",
      permission,
      result: Features,
      handle: () => ({
        json: {
          features: {
            feature_portal: true,
            feature_chat: false,
            feature_gateway: true,
            hub_spoke_multi_tenant: false,
            feature_groups: true,
            feature_model_router: false,
          },
          edition: "enterprise",
          version,
        },
      }),
    });
  return [
    health("/health"),
    health("/healthz"),
    ready("/ready"),
    ready("/readyz"),
    endpoint({
      method: "GET",
      path: "/auth/config",
      summary: "Get what a page needs before sign-in",
      permission: "public",
      result: FrontendConfig,
      handle: ({ request, isSecure }) => ({
        json: {
          apiBaseURL: `${isSecure ? "https" : "http"}://${new URL(request.url).host}`,
          proxyURL: gatewayUrl,
          toolDisplayURL: gatewayUrl,
          dataSourceDisplayURL: gatewayUrl,
          defaultSignUpMode: "none",
          tibEnabled: false,
          is_enterprise: true,
          docsLinks: {},
          docsEnabled: false,
        },
      }),
    }),
    features("/auth/features", "public"),
    features("/common/system", "user"),
    endpoint({
      method: "GET",
      path: "/api/v1/openapi.json",
      summary: "Get this API as an OpenAPI 3.1 document",
      permission: "user",
      result: OpenApiDocument,
      handle: () => ({ json: openapi() }),
    }),
  ];
}
