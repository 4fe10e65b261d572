import { AppError, invalid } from "@portico/core";
import { z } from "zod";
import { CredentialDraft, CredentialResource } from "../credentials/contract.ts";
import type { CredentialService } from "../credentials/service.ts";
import { credentialSorts } from "../credentials/store.ts";
import { toResource as toCredentialResource } from "../credentials/wire.ts";
import { Id, namespaceFilter, queryFlag, redacted } from "../fields/contract.ts";
import { collectionOf, Dependents, documentOf, IdParam, listOf, Message } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all, dependents, many, one } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import { AppDraft, AppLlmResource, AppPatch, AppReplacement, AppResource, OwnAppDraft } from "./contract.ts";
import type { AppService } from "./service.ts";
import { appSorts } from "./store.ts";
import { toResource } from "./wire.ts";

export const appEndpoints = ({ apps, credentials }: { apps: AppService; credentials: CredentialService }) => {
  /** A verb on an app that answers nothing. */
  const act = (verb: string, summary: string, run: (actor: Parameters<AppService["delete"]>[0], id: number) => Promise<void>) =>
    endpoint({
      method: "POST",
      path: `/api/v1/apps/:id/${verb}`,
      object: "app",
      status: 204,
      summary,
      permission: "apps.write",
      params: IdParam,
      async handle({ actor, params }) {
        await run(actor, params.id);
        return undefined;
      },
    });

  return [
    endpoint({
      method: "GET",
      path: "/api/v1/apps",
      summary: "List apps; `q` searches name, description and owner",
      permission: "apps.read",
      query: listQuery({
        sortable: appSorts,
        filters: {
          user_id: Id.optional(),
          llm_id: Id.optional(),
          is_active: queryFlag.optional(),
          is_orphaned: queryFlag.optional(),
          namespace: namespaceFilter.optional(),
          credential_active: queryFlag.optional(),
          over_budget: queryFlag.optional(),
        },
      }),
      result: listOf(AppResource),
      handle: async ({ query }) => many(await apps.list(query.list, query.filters), toResource),
    }),
    endpoint({
      method: "GET",
      path: "/api/v1/apps/search",
      summary: "List apps whose name, description or owner contains `search_term`",
      permission: "apps.read",
      query: listQuery({ sortable: appSorts, filters: { search_term: z.string("is required").trim().min(1, "is required").max(200) } }),
      result: listOf(AppResource),
      handle: async ({ query }) => many(await apps.list({ ...query.list, q: query.filters.search_term }, {}), toResource),
    }),
    endpoint({
      method: "GET",
      path: "/api/v1/apps/by-name",
      summary: "Get an app by its exact name",
      permission: "apps.read",
      query: z.object({ name: z.string("is required").min(1, "is required") }),
      result: documentOf(AppResource),
      handle: async ({ query }) => one(toResource(await apps.getByName(query.name))),
    }),
    endpoint({
      method: "GET",
      path: "/api/v1/apps/count",
      summary: "Count apps",
      permission: "apps.read",
      result: z.object({ count: z.number() }),
      handle: async () => ({ json: { count: await apps.count() } }),
    }),
    endpoint({
      method: "POST",
      path: "/api/v1/apps",
      object: "app",
      status: 201,
      summary: "Create an app; its credential's secret is shown only in this response",
      permission: "apps.write",
      body: AppDraft,
      result: documentOf(AppResource),
      async handle({ actor, body }) {
        const { app, credential } = await apps.create(actor, body);
        return one(toResource(app, credential));
      },
    }),
    endpoint({
      method: "GET",
      path: "/api/v1/apps/:id",
      object: "app",
      summary: "Get an app",
      permission: "apps.read",
      params: IdParam,
      result: documentOf(AppResource),
      handle: async ({ params }) => one(toResource(await apps.get(params.id))),
    }),
    endpoint({
      method: "PATCH",
      path: "/api/v1/apps/:id",
      object: "app",
      summary: "Update an app; fields left out keep their values",
      permission: "apps.write",
      params: IdParam,
      body: AppPatch,
      result: documentOf(AppResource),
      handle: async ({ actor, params, body }) => one(toResource(await apps.update(actor, params.id, body))),
    }),
    endpoint({
      method: "PUT",
      path: "/api/v1/apps/:id",
      object: "app",
      summary: "Replace an app: fields left out return to their defaults; without `user_id` the owner is kept",
      permission: "apps.write",
      params: IdParam,
      body: AppReplacement,
      result: documentOf(AppResource),
      handle: async ({ actor, params, body }) => one(toResource(await apps.update(actor, params.id, body))),
    }),
    endpoint({
      method: "DELETE",
      path: "/api/v1/apps/:id",
      object: "app",
      status: 204,
      summary: "Delete an app and its credentials",
      permission: "apps.write",
      params: IdParam,
      async handle({ actor, params }) {
        await apps.delete(actor, params.id);
        return undefined;
      },
    }),
    act("activate-credential", "Approve an app: activate its first credential", apps.activateCredential),
    act("deactivate-credential", "Withdraw an app's approval: deactivate all its credentials", apps.deactivateCredentials),
    act("reset-budget", "Start a new budget period for an app now", apps.resetBudget),
    endpoint({
      method: "GET",
      path: "/api/v1/apps/:id/credentials",
      summary: "List an app's credentials, without their secrets",
      permission: "apps.read",
      params: IdParam,
      query: listQuery({ sortable: credentialSorts }),
      result: listOf(CredentialResource),
      async handle({ params, query }) {
        await apps.get(params.id);
        return many(await credentials.list(query.list, { app_id: params.id }), toCredentialResource);
      },
    }),
    endpoint({
      method: "POST",
      path: "/api/v1/apps/:id/credentials",
      status: 201,
      summary: "Create another credential for an app, active immediately; its secret is shown only in this response",
      permission: "apps.write",
      params: IdParam,
      result: documentOf(CredentialResource),
      async handle({ actor, params }) {
        const credential = await apps.addCredential(actor, params.id, { active: true });
        return one(toCredentialResource(credential, credential.secret));
      },
    }),
    endpoint({
      method: "GET",
      path: "/api/v1/apps/:id/dependents",
      summary: "List what refers to an app and what deleting it would change",
      permission: "apps.read",
      params: IdParam,
      result: Dependents,
      async handle({ params }) {
        const app = await apps.get(params.id);
        return dependents(
          app.credentials.map((credential) => ({
            type: "credentials",
            id: String(credential.id),
            name: credential.keyId,
            effect: credential.active ? "stops working on every edge" : "is deleted",
          })),
        );
      },
    }),
    endpoint({
      method: "POST",
      path: "/api/v1/credentials",
      object: "credential",
      status: 201,
      summary: "Give an app another credential, inactive unless `active` is true; its secret is in this answer only",
      permission: "credentials.write",
      body: CredentialDraft,
      result: documentOf(CredentialResource),
      async handle({ actor, body }) {
        const credential = await apps.addCredential(actor, body.app_id, body).catch((error: unknown) => {
          throw error instanceof AppError && error.code === "not_found" ? invalid("app_id", `there is no app ${body.app_id}`) : error;
        });
        return one(toCredentialResource(credential, credential.secret));
      },
    }),
    endpoint({
      method: "GET",
      path: "/common/apps",
      summary: "Your apps",
      permission: "user",
      query: listQuery({ sortable: appSorts }),
      result: listOf(AppResource),
      handle: async ({ actor, query }) => many(await apps.list(query.list, { user_id: actor.userId }), toResource),
    }),
    endpoint({
      method: "GET",
      path: "/common/apps/:id/llms",
      summary: "List the LLMs that your apps may call, with what a client needs to call them",
      permission: "user",
      params: IdParam,
      result: collectionOf(AppLlmResource),
      async handle({ actor, params }) {
        await apps.getOwn(actor, params.id);
        return all(await apps.llmsOf(params.id));
      },
    }),
    endpoint({
      method: "GET",
      path: "/common/apps/:id",
      object: "app",
      summary: "Get one of your apps, with its credential but not the secret",
      permission: "user",
      params: IdParam,
      result: AppResource,
      async handle({ actor, params }) {
        const app = await apps.getOwn(actor, params.id);
        const [first] = app.credentials;
        return { json: toResource(app, first ? { ...first, secret: redacted } : null) };
      },
    }),
    endpoint({
      method: "POST",
      path: "/common/apps",
      object: "app",
      status: 201,
      summary:
        "Create an app of your own; its credential, whose secret is in this answer only, works once an administrator has activated it",
      permission: "user",
      body: OwnAppDraft,
      result: AppResource,
      async handle({ actor, body }) {
        const { app, credential } = await apps.createOwn(actor, body);
        return { json: toResource(app, credential) };
      },
    }),
    endpoint({
      method: "DELETE",
      path: "/common/apps/:id",
      object: "app",
      summary: "Delete one of your apps and its credentials",
      permission: "user",
      params: IdParam,
      result: Message,
      async handle({ actor, params }) {
        await apps.deleteOwn(actor, params.id);
        return { json: { message: "App successfully deleted" } };
      },
    }),
  ];
};
