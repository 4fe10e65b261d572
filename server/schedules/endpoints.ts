import { z } from "zod";
import { IdParam } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import {
  ExecutionList,
  ExecutionQuery,
  ScheduleDeleted,
  ScheduleDraft,
  ScheduleList,
  ScheduleParams,
  SchedulePatch,
  ScheduleView,
} from "./contract.ts";
import type { ScheduleService } from "./service.ts";
import { toExecutionView, toView } from "./wire.ts";

const Begun = z.object({ execution_id: z.number(), message: z.string() });

export const scheduleEndpoints = ({ schedules }: { schedules: ScheduleService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/:id/schedules",
    summary: "List the schedules of a plugin",
    permission: "plugins.read",
    params: IdParam,
    result: ScheduleList,
    async handle({ params }) {
      const list = (await schedules.list(params.id)).map(({ schedule, last }) => toView(schedule, last));
      return { json: { plugin_id: params.id, schedules: list, total_count: list.length } };
    },
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/plugins/:id/schedules",
    status: 201,
    summary: "Create a schedule for a plugin",
    permission: "plugins.write",
    params: IdParam,
    body: ScheduleDraft,
    result: ScheduleView,
    handle: async ({ actor, params, body }) => ({ json: toView(await schedules.create(actor, params.id, body), undefined) }),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/:id/schedules/:schedule_id",
    summary: "Get a schedule",
    permission: "plugins.read",
    params: ScheduleParams,
    result: ScheduleView,
    async handle({ params }) {
      const { schedule, last } = await schedules.get(params.id, params.schedule_id);
      return { json: toView(schedule, last) };
    },
  }),
  endpoint({
    method: "PUT",
    path: "/api/v1/plugins/:id/schedules/:schedule_id",
    summary: "Change a schedule; what is absent stays. The manifest no longer changes the fields that are set here",
    permission: "plugins.write",
    params: ScheduleParams,
    body: SchedulePatch,
    result: ScheduleView,
    async handle({ actor, params, body }) {
      const { schedule, last } = await schedules.get(params.id, params.schedule_id);
      return { json: toView(await schedules.update(actor, schedule, body), last) };
    },
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/plugins/:id/schedules/:schedule_id",
    summary: "Delete a schedule and its history; one of the manifest can only be disabled",
    permission: "plugins.write",
    params: ScheduleParams,
    result: ScheduleDeleted,
    async handle({ actor, params }) {
      const { schedule } = await schedules.get(params.id, params.schedule_id);
      await schedules.delete(actor, schedule);
      return { json: { message: "Schedule deleted successfully", schedule_id: schedule.id } };
    },
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/plugins/:id/schedules/:schedule_id/run",
    status: 202,
    summary: "Run a schedule now; its regular times stay",
    permission: "plugins.write",
    params: ScheduleParams,
    result: Begun,
    async handle({ actor, params }) {
      const { schedule } = await schedules.get(params.id, params.schedule_id);
      const executionId = await schedules.run(actor, schedule);
      return { json: { execution_id: Number(executionId), message: `${schedule.name} is running.` } };
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/:id/schedules/:schedule_id/executions",
    summary: "List the runs of a schedule, newest first",
    permission: "plugins.read",
    params: ScheduleParams,
    query: ExecutionQuery,
    result: ExecutionList,
    async handle({ params, query }) {
      const { schedule, items, total, succeeded } = await schedules.executions(params.id, params.schedule_id, query);
      return {
        json: {
          schedule_id: schedule.id,
          schedule_name: schedule.name,
          executions: items.map(toExecutionView),
          total_count: total,
          success_count: succeeded,
          success_rate: total === 0 ? 0 : Math.round((succeeded / total) * 1000) / 10,
          ...query,
        },
      };
    },
  }),
];
