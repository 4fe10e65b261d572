#!/usr/bin/env node
import { definePlugin, type Kv, type PortalRpcOf, type PortalUser, type RpcArgs, type RpcOf } from "@portico/plugin-sdk";
import { createFeedbackLog, type FeedbackLog } from "./feedback-log.ts";
import manifest from "./manifest.json" with { type: "json" };

const maxTitle = 200;
const maxMessage = 5_000;
const allowedGroups = manifest.portal.slots.flatMap(({ groups }) => groups);

/** One log for each store, so that everything this process knows of it is kept in one place. */
const logs = new WeakMap<Kv, FeedbackLog>();
function logOf(kv: Kv): FeedbackLog {
  const log = logs.get(kv) ?? createFeedbackLog(kv);
  logs.set(kv, log);
  return log;
}

/** The menu hides the page from other groups, but anyone who is logged in can call a method. */
function mustBeMember(user: PortalUser): void {
  if (!user.groups.some((group) => allowedGroups.includes(group))) {
    throw new Error(`Feedback is open to the group ${allowedGroups.join(", ")}. Ask an administrator to add you.`);
  }
}

const textOf = (value: unknown) => (typeof value === "string" ? value.trim() : "");
const refuse = (error: string) => ({ success: false as const, error });

function submissionOf(args: RpcArgs) {
  const [title, message, rating] = [textOf(args.title), textOf(args.message), args.rating];
  if (title === "" || message === "") return refuse("Title and message are required");
  if (title.length > maxTitle) return refuse(`The title has at most ${maxTitle} characters`);
  if (message.length > maxMessage) return refuse(`The message has at most ${maxMessage} characters`);
  if (typeof rating !== "number" || !Number.isInteger(rating) || rating < 1 || rating > 5) return refuse("Rating must be between 1 and 5");
  return { success: true as const, title, message, rating };
}

const plugin = definePlugin({
  manifest,
  assets: new URL("./ui/dist/", import.meta.url),

  portalRpc: {
    async submit_feedback(args, { user, services }) {
      mustBeMember(user);
      const submission = submissionOf(args);
      if (!submission.success) return submission;
      const { title, message, rating } = submission;
      const author = { user_id: user.id, user_email: user.email, user_name: user.name };
      return { success: true as const, feedback: await logOf(services.kv).add({ ...author, title, message, rating }) };
    },

    async my_feedback(_, { user, services }) {
      mustBeMember(user);
      return { feedback: (await logOf(services.kv).list()).filter(({ user_id }) => user_id === user.id) };
    },
  },

  rpc: {
    async list_feedback(_, { services }) {
      const feedback = await logOf(services.kv).list();
      return { feedback, total: feedback.length };
    },

    async delete_feedback({ id }, { services }) {
      return (await logOf(services.kv).delete(textOf(id))) ? { success: true as const } : refuse("Feedback not found");
    },
  },
});

/** What the plugin's pages may call. */
export type Rpc = RpcOf<typeof plugin>;
export type PortalRpc = PortalRpcOf<typeof plugin>;
export default plugin;
