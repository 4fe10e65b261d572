import { z } from "zod";
import { attributesOf, draftOf } from "../fields/contract/resource.ts";
import { Time } from "../fields/contract.ts";
import { resourceOf } from "../http/contract.ts";

export const SignIn = z.strictObject({
  email: z.string("is required").trim().toLowerCase().min(1, "is required").max(320),
  password: z.string("is required").min(1, "is required").max(1000),
});

export const SignedIn = z.object({ message: z.string(), is_admin: z.boolean() });

/** Who is signed in. */
export const Me = resourceOf(
  "user",
  z.object({
    email: z.string(),
    name: z.string(),
    is_admin: z.boolean(),
    is_super_admin: z.boolean(),
    groups: z.array(z.object({ id: z.number(), name: z.string() })),
    ui_options: z.object({
      show_chat: z.boolean(),
      show_portal: z.boolean(),
      show_sso_config: z.boolean(),
      skip_quick_start: z.boolean(),
    }),
  }),
);
export type Me = z.infer<typeof Me>;

export const ApiTokenFields = {
  name: z.string("is required").trim().min(1, "is required").max(120),
  /** RFC 3339 and in the future; null or absent lasts as long as what the token is made with. */
  expires_at: Time,
};
export const ApiTokenDraft = draftOf(ApiTokenFields, { expires_at: null });

const known = {
  /** First characters of the value, to recognize the token by. */
  hint: z.string(),
  created_at: z.string(),
};
export const ApiTokenResource = resourceOf("api-tokens", attributesOf(ApiTokenFields, { ...known, last_used_at: z.string().nullable() }));
export type ApiTokenResource = z.infer<typeof ApiTokenResource>;

/** The token's value is in the answer to its creation only. */
export const NewApiToken = resourceOf("api-tokens", attributesOf(ApiTokenFields, { ...known, token: z.string() }));
export type NewApiToken = z.infer<typeof NewApiToken>;
