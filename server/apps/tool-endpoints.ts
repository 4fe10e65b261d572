import { z } from "zod";
import { Id } from "../fields/contract.ts";
import { documentOf, IdParam } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all, one } from "../http/envelope.ts";
import { AppResource } from "./contract.ts";
import type { AppService } from "./service.ts";
import { toResource } from "./wire.ts";

/** A tool of an app. Its id is a number here, as in the reference. */
const AppToolResource = z.object({
  type: z.literal("tools"),
  id: z.number(),
  attributes: z.object({
    name: z.string(),
    description: z.string(),
    tool_type: z.string(),
    privacy_score: z.number(),
    created_at: z.string(),
    updated_at: z.string(),
  }),
});

const Item = IdParam.extend({ tool_id: Id });

/** Which tools an app may call. */
export const appToolEndpoints = ({ apps }: { apps: AppService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/apps/:id/tools",
    object: "app",
    summary: "List the tools that an app may call",
    permission: "apps.read",
    params: IdParam,
    result: z.object({ data: z.array(AppToolResource) }),
    handle: async ({ params }) =>
      all(
        (await apps.toolsOf(params.id)).map((tool) => ({
          type: "tools" as const,
          id: tool.id,
          attributes: {
            name: tool.name,
            description: tool.description,
            tool_type: tool.toolType,
            privacy_score: tool.privacyScore,
            created_at: tool.createdAt.toISOString(),
            updated_at: tool.updatedAt.toISOString(),
          },
        })),
      ),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/apps/:id/tools/:tool_id",
    object: "app",
    summary: "Let an app call a tool",
    permission: "apps.write",
    params: Item,
    result: documentOf(AppResource),
    handle: async ({ actor, params }) => one(toResource(await apps.addTool(actor, params.id, params.tool_id))),
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/apps/:id/tools/:tool_id",
    object: "app",
    status: 204,
    summary: "Take a tool from an app",
    permission: "apps.write",
    params: Item,
    async handle({ actor, params }) {
      await apps.removeTool(actor, params.id, params.tool_id);
      return undefined;
    },
  }),
];
