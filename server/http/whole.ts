import { AppError } from "@portico/core";

declare const whole: unique symbol;

/**
 * A response that an endpoint answers as it is. It can be made in two ways only: `ownResponse` for what this product writes itself, and
 * `foreignResponse` (foreign.ts) for bytes of a vendor or a plugin. Either way it carries a policy.
 */
export type WholeResponse = Response & { readonly [whole]: true };

/** The policy of everything that is not a page. */
export const noDocument = "default-src 'none'; frame-ancestors 'none'";

const made = new WeakSet<Response>();

/** Marks a response as one that may leave. Only the two constructors call this. */
export function seal(response: Response): WholeResponse {
  if (!response.headers.has("content-security-policy")) throw new Error("a whole response needs a content-security-policy");
  made.add(response);
  return response as WholeResponse;
}

/** @throws AppError internal for a response that was made elsewhere: nothing is known of its headers. */
export function requireSealed(response: Response): void {
  if (!made.has(response))
    throw new AppError({
      code: "internal",
      message: "This response is not safe to show in a browser. This is a bug in studio; see its log.",
      cause: new Error("an endpoint answered a Response that neither ownResponse nor foreignResponse made"),
    });
}

/** Bytes that this product wrote. `policy` is needed for pages only. */
export function ownResponse(
  body: BodyInit | null,
  { status = 200, policy = noDocument, headers }: { status?: number; policy?: string; headers: Record<string, string> },
): WholeResponse {
  return seal(
    new Response(body, { status, headers: { "x-content-type-options": "nosniff", ...headers, "content-security-policy": policy } }),
  );
}
