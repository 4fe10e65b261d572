import { z } from "zod";
import { CredentialResource } from "../credentials/contract.ts";
import type { CredentialService } from "../credentials/service.ts";
import { toResource } from "../credentials/wire.ts";
import { allPages } from "../db/paging.ts";
import { Id } from "../fields/contract.ts";
import { collectionOf, documentOf, IdParam } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all, one } from "../http/envelope.ts";
import type { AppService } from "./service.ts";

/** Keys of a person's own apps. */
export const ownCredentialEndpoints = ({ apps, credentials }: { apps: AppService; credentials: CredentialService }) => [
  endpoint({
    method: "GET",
    path: "/common/self-service",
    summary: "Whether keys of apps that you create work at once, without an administrator's approval",
    permission: "user",
    result: z.object({ enabled: z.boolean() }),
    handle: async ({ actor }) => ({ json: { enabled: await apps.isSelfService(actor) } }),
  }),
  endpoint({
    method: "GET",
    path: "/common/apps/:id/credentials",
    object: "app",
    summary: "List the keys of one of your apps, without their secrets",
    permission: "user",
    params: IdParam,
    result: collectionOf(CredentialResource),
    async handle({ actor, params }) {
      await apps.getOwn(actor, params.id);
      return all((await allPages((list) => credentials.list(list, { app_id: params.id }))).map((one) => toResource(one)));
    },
  }),
  endpoint({
    method: "POST",
    path: "/common/apps/:id/credentials",
    status: 201,
    summary: "Create another key for one of your apps; the secret is in this answer only. It works once the app is approved",
    permission: "user",
    params: IdParam,
    body: z.strictObject({}),
    result: documentOf(CredentialResource),
    async handle({ actor, params }) {
      const credential = await apps.addOwnCredential(actor, params.id);
      return one(toResource(credential, credential.secret));
    },
  }),
  endpoint({
    method: "DELETE",
    path: "/common/apps/:id/credentials/:credentialId",
    status: 204,
    summary: "Revoke a key of one of your apps, permanently",
    permission: "user",
    params: IdParam.extend({ credentialId: Id }),
    async handle({ actor, params }) {
      await apps.revokeOwnCredential(actor, params.id, params.credentialId);
      return undefined;
    },
  }),
];
