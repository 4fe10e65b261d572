import { randomUUID } from "node:crypto";
import { status } from "@grpc/grpc-js";
import type { Dispatch } from "@portico/plugin-services";
import { AIStudioManagementServiceService } from "@portico/protocol/studio-management";
import type { Studio } from "../testing.ts";

type Rpc = keyof typeof AIStudioManagementServiceService;
export type Outcome = { code: status; details: string; response?: Record<string, unknown> };

/** The request of an rpc with every field absent. */
export const emptyRequest = (rpc: string): Record<string, unknown> => ({
  ...AIStudioManagementServiceService[rpc as Rpc].requestDeserialize(Buffer.alloc(0)),
});

/** A call of the service API as the plugin with this id: what its socket would say. */
export function callAs(api: Dispatch, pluginId: number, rpc: string, request: object = {}): Promise<Outcome> {
  const message = { ...emptyRequest(rpc), ...request };
  const handler = api(pluginId).implementation[rpc] as unknown as (call: object, callback?: (...args: unknown[]) => void) => void;
  return new Promise((resolve) => {
    if (AIStudioManagementServiceService[rpc as Rpc].responseStream)
      handler({ request: message, emit: (_: string, { code, details }: Outcome) => resolve({ code, details }) });
    else
      handler({ request: message }, (error, response) =>
        resolve(error ? { ...(error as Outcome) } : { code: status.OK, details: "", response: response as Record<string, unknown> }),
      );
  });
}

/** A plugin that was granted this; it needs no process to call through `callAs`. */
export function aGrantedPlugin(
  { db }: Pick<Studio, "db">,
  grants: string[],
  row: { isActive?: boolean; configSchema?: object; hookTypes?: string[] } = {},
): Promise<{ id: number; name: string }> {
  const slug = `granted-${randomUUID()}`;
  return db.prisma.plugin.create({
    data: {
      isActive: true,
      ...row,
      name: slug,
      slug,
      command: "file:///none",
      grants: { create: grants.map((capability) => ({ capability, grantedBy: 1 })) },
    },
    select: { id: true, name: true },
  });
}
