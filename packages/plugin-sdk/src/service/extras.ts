import { status } from "@grpc/grpc-js";
import { messageOf } from "@portico/core";
import { endpointFinder } from "@portico/protocol/endpoint-paths";
import { GrpcError } from "@portico/protocol/grpc-error";
import * as wire from "@portico/protocol/plugin";
import { encodeBody } from "../body.ts";
import type { EndpointReply, ResourceInstance } from "../definition.ts";
import type { PluginHandlers, ServiceParts } from "./types.ts";

type Extras = Omit<
  PluginHandlers,
  | keyof ReturnType<typeof import("./pipeline.ts").pipelineHandlers>
  | keyof ReturnType<typeof import("./pages.ts").pageHandlers>
  | keyof ReturnType<typeof import("./objects.ts").objectHandlers>
  | keyof ReturnType<typeof import("./session.ts").sessionHandlers>
>;

const chunkTypes = {
  content: wire.AgentMessageChunk_ChunkType.CONTENT,
  tool_call: wire.AgentMessageChunk_ChunkType.TOOL_CALL,
  tool_result: wire.AgentMessageChunk_ChunkType.TOOL_RESULT,
  thinking: wire.AgentMessageChunk_ChunkType.THINKING,
  error: wire.AgentMessageChunk_ChunkType.ERROR,
} as const;
const { HEADERS, BODY, DONE } = wire.EndpointResponseChunk_ChunkType;

const instanceOf = ({ metadata, ...rest }: ResourceInstance) =>
  wire.ResourceInstanceProto.fromPartial({
    isActive: true,
    ...rest,
    metadata: metadata === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(metadata)),
  });

const isStream = (body: EndpointReply["body"]): body is AsyncIterable<string | Uint8Array> =>
  typeof body === "object" && Symbol.asyncIterator in body;

/** The head and whole content of a reply; a stream is collected. */
async function wholeReply({ status: code = 200, headers = {}, body }: EndpointReply) {
  if (body === undefined) return { code, headers, bytes: Buffer.alloc(0) };
  if (isStream(body)) {
    const parts: Buffer[] = [];
    for await (const part of body) parts.push(Buffer.from(part));
    return { code, headers, bytes: Buffer.concat(parts) };
  }
  const { bytes, contentType } = encodeBody(body);
  return { code, headers: contentType ? { "Content-Type": contentType, ...headers } : headers, bytes };
}

/** Collectors, agents, schedules, endpoints, edge payloads and resources; each answers its protocol default when absent. */
export function extraHandlers<Config>({ definition, services, contextOf }: ServiceParts<Config>): Extras {
  const resources = new Map((definition.resources ?? []).map((type) => [type.slug, type]));
  const resourceOf = (slug: string) => {
    const type = resources.get(slug);
    if (!type) throw new Error(`This plugin has no resource type ${JSON.stringify(slug.slice(0, 100))}.`);
    return type;
  };

  async function collect(run: (() => unknown) | undefined) {
    if (!run) return wire.DataCollectionResponse.fromPartial({ success: true });
    try {
      await run();
      return wire.DataCollectionResponse.fromPartial({ success: true, handled: true });
    } catch (error) {
      return wire.DataCollectionResponse.fromPartial({ errorMessage: messageOf(error) });
    }
  }

  const findEndpoint = endpointFinder(definition.endpoints ?? []);
  const endpointOf = ({ method, relativePath }: wire.EndpointRequest) => findEndpoint(method.toUpperCase(), relativePath || "/");

  return {
    handleProxyLog: (log, { signal }) => collect(definition.proxyLog && (() => definition.proxyLog?.(log, contextOf(log.context, signal)))),
    handleAnalytics: (row, { signal }) =>
      collect(definition.analytics && (() => definition.analytics?.(row, contextOf(row.context, signal)))),
    handleBudgetUsage: (use, { signal }) =>
      collect(definition.budgetUsage && (() => definition.budgetUsage?.(use, contextOf(use.context, signal)))),

    async handleAgentMessage(message, { signal }, write) {
      if (!definition.agent) throw new GrpcError(status.UNIMPLEMENTED, "This plugin is not an agent.");
      services.useBroker(message.serviceBrokerId);
      for await (const { type, content, metadata } of definition.agent(message, contextOf(message.context, signal))) {
        await write(
          wire.AgentMessageChunk.fromPartial({ type: chunkTypes[type], content, metadataJson: metadata ? JSON.stringify(metadata) : "" }),
        );
      }
      await write(wire.AgentMessageChunk.fromPartial({ type: wire.AgentMessageChunk_ChunkType.DONE, isFinal: true }));
    },

    async executeScheduledTask({ schedule, context, serviceBrokerId }, { signal }) {
      if (!definition.scheduledTask) throw new GrpcError(status.UNIMPLEMENTED, "This plugin has no scheduled tasks.");
      services.useBroker(serviceBrokerId);
      try {
        await definition.scheduledTask(schedule ?? wire.ScheduleDefinition.fromPartial({}), contextOf(context, signal));
        return wire.ExecuteScheduledTaskResponse.fromPartial({ success: true });
      } catch (error) {
        return wire.ExecuteScheduledTaskResponse.fromPartial({ errorMessage: messageOf(error) });
      }
    },

    async acceptEdgePayload(request, { signal }) {
      if (!definition.edgePayload) return wire.EdgePayloadResponse.fromPartial({ errorMessage: "This plugin takes no edge payloads." });
      services.useBroker(request.serviceBrokerId);
      try {
        const handled = await definition.edgePayload(request, contextOf(request.context, signal));
        return wire.EdgePayloadResponse.fromPartial({ success: true, handled });
      } catch (error) {
        return wire.EdgePayloadResponse.fromPartial({ errorMessage: messageOf(error) });
      }
    },

    getEndpointRegistrations: async () =>
      wire.GetEndpointRegistrationsResponse.fromPartial({
        registrations: (definition.endpoints ?? []).map(({ handle: _, ...endpoint }) => ({ ...endpoint, streamResponse: true })),
      }),

    async handleEndpointRequest(request, { signal }) {
      const endpoint = endpointOf(request);
      if (!endpoint) return wire.EndpointResponse.fromPartial({ statusCode: definition.endpoints ? 404 : 501, errorMessage: "Not found" });
      const { code, headers, bytes } = await wholeReply(await endpoint.handle(request, contextOf(request.context, signal)));
      return wire.EndpointResponse.fromPartial({ statusCode: code, headers, body: bytes });
    },

    async handleEndpointRequestStream(request, { signal }, write) {
      const endpoint = endpointOf(request);
      if (!endpoint) throw new GrpcError(status.UNIMPLEMENTED, "This plugin serves nothing here.");
      const reply = await endpoint.handle(request, contextOf(request.context, signal));
      const chunk = (part: Parameters<typeof wire.EndpointResponseChunk.fromPartial>[0]) =>
        write(wire.EndpointResponseChunk.fromPartial(part));
      if (isStream(reply.body)) {
        await chunk({ type: HEADERS, statusCode: reply.status ?? 200, headers: reply.headers ?? {} });
        for await (const part of reply.body) await chunk({ type: BODY, data: Buffer.from(part) });
      } else {
        const { code, headers, bytes } = await wholeReply(reply);
        await chunk({ type: HEADERS, statusCode: code, headers });
        if (bytes.length > 0) await chunk({ type: BODY, data: bytes });
      }
      await chunk({ type: DONE });
    },

    getResourceTypeRegistrations: async () =>
      wire.GetResourceTypeRegistrationsResponse.fromPartial({ registrations: [...resources.values()] }),

    async listResourceInstances({ resourceTypeSlug, context, serviceBrokerId }, { signal }) {
      services.useBroker(serviceBrokerId);
      try {
        const instances = await resourceOf(resourceTypeSlug).list(contextOf(context, signal));
        return wire.ListResourceInstancesResponse.fromPartial({ success: true, instances: instances.map(instanceOf) });
      } catch (error) {
        return wire.ListResourceInstancesResponse.fromPartial({ errorMessage: messageOf(error) });
      }
    },

    async getResourceInstance({ resourceTypeSlug, instanceId, context }, { signal }) {
      try {
        const type = resourceOf(resourceTypeSlug);
        const ctx = contextOf(context, signal);
        const found = type.get ? await type.get(instanceId, ctx) : (await type.list(ctx)).find(({ id }) => id === instanceId);
        if (!found) throw new Error(`There is no ${type.name} with the id ${JSON.stringify(instanceId.slice(0, 100))}.`);
        return wire.GetResourceInstanceResponse.fromPartial({ success: true, instance: instanceOf(found) });
      } catch (error) {
        return wire.GetResourceInstanceResponse.fromPartial({ errorMessage: messageOf(error) });
      }
    },

    async validateResourceSelection({ resourceTypeSlug, instanceIds, appId, context }, { signal }) {
      const validate = resources.get(resourceTypeSlug)?.validate;
      try {
        const fault = await validate?.({ instanceIds, appId }, contextOf(context, signal));
        return wire.ValidateResourceSelectionResponse.fromPartial({ valid: !fault, errorMessage: fault ?? "" });
      } catch (error) {
        return wire.ValidateResourceSelectionResponse.fromPartial({ errorMessage: messageOf(error) });
      }
    },

    async createResourceInstance({ resourceTypeSlug, payload, context }, { signal }) {
      try {
        const type = resourceOf(resourceTypeSlug);
        if (!type.create) throw new Error(`Instances of ${type.name} cannot be created here.`);
        return wire.CreateResourceInstanceResponse.fromPartial({
          success: true,
          instance: instanceOf(await type.create(payload, contextOf(context, signal))),
        });
      } catch (error) {
        return wire.CreateResourceInstanceResponse.fromPartial({ errorMessage: messageOf(error) });
      }
    },
  };
}
