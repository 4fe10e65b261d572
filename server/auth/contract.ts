import { z } from "zod";
import { Time } from "../fields/contract.ts";

export const SignIn = z.strictObject({
  email: z.string("is required").trim().toLowerCase().min(1, "is required").max(320),
  password: z.string("is required").min(1, "is required").max(1000),
});

export const ApiTokenDraft = z.strictObject({
  name: z.string("is required").trim().min(1, "is required").max(120),
  /** RFC 3339 and in the future; null or absent lasts as long as what the token is made with. */
  expires_at: Time.default(null),
});
