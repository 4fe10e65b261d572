import { collectionOf, documentOf, IdParam, Message } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all, one } from "../http/envelope.ts";
import { ownResponse } from "../http/whole.ts";
import { ApiTokenDraft, ApiTokenResource, Me, NewApiToken, SignedIn, SignIn } from "./contract.ts";
import { sessionToken, setSession } from "./cookies.ts";
import type { Csrf } from "./csrf.ts";
import type { AuthService } from "./service.ts";
import { toMe, toNewToken, toTokenResource } from "./wire.ts";

export function authEndpoints({ auth, csrf }: { auth: AuthService; csrf: Csrf }) {
  const signOut = (path: string) =>
    endpoint({
      method: "POST",
      path,
      summary: "Sign out: end this browser's session",
      permission: "user",
      result: Message,
      async handle({ request, isSecure }) {
        const session = sessionToken(request, isSecure);
        if (session) await auth.signOut(session);
        return { json: { message: "Logout successful" }, headers: { "set-cookie": setSession("", { maxAgeSeconds: 0, isSecure }) } };
      },
    });

  return [
    endpoint({
      method: "GET",
      path: "/csrf-token",
      summary: "Get the CSRF token that a browser must send in X-CSRF-Token with unsafe requests",
      permission: "public",
      handle({ request, actor, isSecure }) {
        const { token, cookie } = csrf.issue(request, actor, isSecure);
        return ownResponse(null, {
          headers: { "x-csrf-token": token, "cache-control": "no-store", ...(cookie ? { "set-cookie": cookie } : {}) },
        });
      },
    }),
    endpoint({
      method: "POST",
      path: "/auth/login",
      summary: "Sign in with e-mail and password; 429 with Retry-After after too many attempts",
      permission: "public",
      body: SignIn,
      result: SignedIn,
      async handle({ actor, body, request, isSecure }) {
        const { token, maxAgeSeconds, isAdmin } = await auth.signIn({
          ...body,
          ip: actor.ip,
          userAgent: request.headers.get("user-agent") ?? "",
          formerSession: sessionToken(request, isSecure),
        });
        return {
          json: { message: "Login successful", is_admin: isAdmin },
          headers: { "set-cookie": setSession(token, { maxAgeSeconds, isSecure }), "x-csrf-token": csrf.forSession(token) },
        };
      },
    }),
    signOut("/common/logout"),
    signOut("/api/v1/logout"),
    endpoint({
      method: "GET",
      path: "/common/me",
      summary: "Get the signed-in user",
      permission: "user",
      result: Me,
      handle: async ({ actor }) => ({ json: toMe(await auth.me(actor)) }),
    }),
    endpoint({
      method: "GET",
      path: "/common/api-tokens",
      summary: "List your API tokens, without their values",
      permission: "user",
      result: collectionOf(ApiTokenResource),
      handle: async ({ actor }) => all((await auth.listTokens(actor)).map(toTokenResource)),
    }),
    endpoint({
      method: "POST",
      path: "/common/api-tokens",
      status: 201,
      summary:
        "Create an API token; its value is shown only in this response. It is revoked when you change your password, or when the token that created it is revoked",
      permission: "user",
      body: ApiTokenDraft,
      result: documentOf(NewApiToken),
      handle: async ({ actor, body }) => one(toNewToken(await auth.createToken(actor, body))),
    }),
    endpoint({
      method: "DELETE",
      path: "/common/api-tokens/:id",
      status: 204,
      summary: "Revoke an API token and those created with it",
      permission: "user",
      params: IdParam,
      async handle({ actor, params }) {
        await auth.deleteToken(actor, params.id);
        return undefined;
      },
    }),
  ];
}
