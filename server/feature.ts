import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { Operation } from "./grpc/operation.ts";
import type { Endpoint } from "./http/endpoint.ts";
import type { Jobs } from "./jobs/runner.ts";
import type { ReadyCheck } from "./system/endpoints.ts";

/** What a room gives to the process: everything that is served, run or checked on its behalf, and its own start and end. */
export type Feature = {
  endpoints?: readonly Endpoint[];
  operations?: readonly Operation[];
  jobs?: Jobs;
  /** Lines of graphile-worker's crontab. */
  crontab?: string;
  checks?: readonly ReadyCheck[];
  /** Begins work. What it needs of other features has been started before. */
  start?(): Promise<void> | void;
  /** Ends all work and frees what creation or `start` has taken; also when `start` was never called or has failed half-way. */
  close?(): Promise<void> | void;
};

export type Features = {
  /** Features close in the reverse order of this. @returns the feature. */
  add<F extends Feature>(name: string, feature: F): F;
  endpoints(): Endpoint[];
  operations(): Operation[];
  /** @throws when two features name a job alike. */
  jobs(): Jobs;
  crontab(): string;
  checks(): ReadyCheck[];
  /** Starts every feature, one after the other. */
  start(): Promise<void>;
  /** Closes every feature in reverse order. One that fails is logged and keeps none of the others open. */
  close(): Promise<void>;
};

/** The features of one process, in the order in which they are created and started. */
export function createFeatures(logger: Logger): Features {
  const list: { name: string; feature: Feature }[] = [];
  let closing: Promise<void> | undefined;

  const all = <T>(of: (feature: Feature) => readonly T[] | undefined): T[] => list.flatMap(({ feature }) => of(feature) ?? []);

  async function closeAll(): Promise<void> {
    for (const { name, feature } of [...list].reverse()) {
      try {
        await feature.close?.();
      } catch (error) {
        logger.error("a feature could not be closed", { feature: name, reason: messageOf(error) });
      }
    }
  }

  return {
    add(name, feature) {
      list.push({ name, feature });
      return feature;
    },
    endpoints: () => all(({ endpoints }) => endpoints),
    operations: () => all(({ operations }) => operations),
    jobs() {
      const jobs: Jobs = {};
      for (const { name, feature } of list)
        for (const [job, run] of Object.entries(feature.jobs ?? {})) {
          if (Object.hasOwn(jobs, job)) throw new Error(`${name}: another feature has a job "${job}" already`);
          jobs[job] = run;
        }
      return jobs;
    },
    crontab: () => all(({ crontab }) => (crontab ? [crontab] : [])).join("\n"),
    checks: () => all(({ checks }) => checks),
    async start() {
      for (const { feature } of list) await feature.start?.();
    },
    close: () => {
      closing ??= closeAll();
      return closing;
    },
  };
}
