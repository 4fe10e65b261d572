import { hostname } from "node:os";
import { messageOf } from "@portico/core";
import { coalesced } from "@portico/core/concurrency";
import type { Logger } from "@portico/core/logger";
import type { PluginHost } from "@portico/plugin-host";
import type { Db } from "../db/client.ts";
import type { EventBus } from "../events/bus.ts";
import type { Feature } from "../feature.ts";
import { scheduleEndpoints } from "./endpoints.ts";
import { scheduleOperations } from "./operations.ts";
import { createRunStore } from "./run-store.ts";
import { createRunner, type RunnerTimings } from "./runner.ts";
import { createScheduleService } from "./service.ts";
import { createScheduleStore } from "./store.ts";

const followDelayMs = 50;
const retryMs = 2_000;

/** Tasks of plugins that run at set times. */
export function createSchedules({
  db,
  events,
  host,
  logger,
  timings,
}: {
  db: Db;
  events: EventBus;
  host: PluginHost;
  logger: Logger;
  timings?: RunnerTimings | undefined;
}): Feature {
  const replica = `${hostname()}-${process.pid}`.slice(0, 100);
  const runner = createRunner({ store: createRunStore(db), host, replica, logger, timings });
  const schedules = createScheduleService({ db, store: createScheduleStore(db), runner });
  const followed = coalesced(schedules.followManifests, {
    delayMs: followDelayMs,
    onError(error) {
      logger.warn("schedules of manifests cannot be brought in line, retrying", { error: messageOf(error) });
      followed.request(retryMs);
    },
  });
  let unsubscribe = () => {};
  return {
    endpoints: scheduleEndpoints({ schedules }),
    operations: scheduleOperations({ schedules }),
    start() {
      unsubscribe = events.subscribe(
        ({ topic }) => {
          if (topic.startsWith("system.plugin_schedule.")) runner.wake();
          else if (topic === "system.plugin.state") runner.wake();
          else if (topic.startsWith("system.plugin.")) followed.request();
        },
        () => {
          followed.request();
          runner.wake();
        },
      );
      followed.request();
      runner.start();
    },
    async close() {
      unsubscribe();
      await followed.close();
      await runner.close();
    },
  };
}
