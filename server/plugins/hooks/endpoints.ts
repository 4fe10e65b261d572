import { collectionOf, documentOf, IdParam } from "../../http/contract.ts";
import { type Endpoint, endpoint } from "../../http/endpoint.ts";
import { all, one } from "../../http/envelope.ts";
import { FailureParams, HookFailureResource, HookParams, HookPatch, HookResource } from "../contract/hooks.ts";
import type { HookService } from "./service.ts";

export const hookEndpoints = ({ hooks }: { hooks: HookService }): Endpoint[] => [
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/:id/hooks",
    summary: "List a plugin's object hooks, with the failure policy of each",
    permission: "plugins.read",
    params: IdParam,
    result: collectionOf(HookResource),
    handle: async ({ params }) => all(await hooks.list(params.id)),
  }),
  endpoint({
    method: "PATCH",
    path: "/api/v1/plugins/:id/hooks/:hook",
    summary: "Set the failure policy and timeout of an object hook; null restores the default",
    permission: "plugins.write",
    params: HookParams,
    body: HookPatch,
    result: documentOf(HookResource),
    handle: async ({ actor, params, body }) => one(await hooks.update(actor, params.id, params.hook, body)),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/:id/hook-failures",
    summary: "List failed after-hooks, newest first: being retried with backoff, or given up",
    permission: "plugins.read",
    params: IdParam,
    result: collectionOf(HookFailureResource),
    handle: async ({ params }) => all(await hooks.failures(params.id)),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/plugins/:id/hook-failures/:event_id/retry",
    status: 204,
    summary: "Retry an after-hook that was given up",
    permission: "plugins.write",
    params: FailureParams,
    async handle({ actor, params }) {
      await hooks.retry(actor, params.id, params.event_id);
      return undefined;
    },
  }),
];
