import { status } from "@grpc/grpc-js";
import { GrpcError } from "@portico/protocol/grpc-error";
import { expect, test } from "vitest";
import type { ObservedCall } from "./call-counts.ts";
import { createDispatcher } from "./dispatcher.ts";
import type { Operation } from "./operation.ts";

const method = (name: string) => ({
  path: `/test/${name}`,
  requestStream: false as const,
  responseStream: false as const,
  requestSerialize: (value: object) => Buffer.from(JSON.stringify(value)),
  requestDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as object,
  responseSerialize: (value: object) => Buffer.from(JSON.stringify(value)),
  responseDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as object,
});
const definition = { read: method("read"), hang: method("hang"), fail: method("fail") };
const operations: Operation<object>[] = [
  { rpc: "read", scope: "none", handle: (_call, request: { text: string }) => ({ text: request.text }) },
  { rpc: "hang", scope: "none", handle: () => new Promise(() => {}) },
  {
    rpc: "fail",
    scope: "none",
    handle() {
      throw new Error("password=4711");
    },
  },
];
const observed: ObservedCall[] = [];
const create = (entries = operations) =>
  createDispatcher({
    definition,
    entries,
    admit: (id) => ({ id, name: "Test", grants: new Set() }),
    callOf: () => ({}),
    toGrpcError: () => new GrpcError(status.INTERNAL, "internal error"),
    deadlineMs: 20,
    observe: (call) => void observed.push(call),
  });
const call = (rpc: string, request: object = {}) =>
  new Promise<unknown>((resolve) => {
    const handler = create()(7).implementation[rpc] as unknown as (
      call: object,
      callback: (error: unknown, value: unknown) => void,
    ) => void;
    handler({ request }, (error, value) => resolve(error ?? value));
  });

test("a call ends with its answer, at its deadline, or with a status that says nothing of our insides; each is counted", async () => {
  expect(await call("read", { text: "hello" })).toEqual({ text: "hello" });
  expect(await call("hang")).toEqual({ code: status.DEADLINE_EXCEEDED, details: "hang took longer than 20 ms" });
  expect(await call("fail")).toEqual({ code: status.INTERNAL, details: "internal error" });
  expect(observed.map(({ pluginId, rpc, code }) => [pluginId, rpc, code])).toEqual([
    [7, "read", status.OK],
    [7, "hang", status.DEADLINE_EXCEEDED],
    [7, "fail", status.INTERNAL],
  ]);
});

test("a service that leaves an rpc out, names one twice or makes one up does not start", () => {
  const [read, ...others] = operations;
  expect(() => create(others)).toThrow("missing: read");
  expect(() => create([...operations, { ...(read as Operation<object>) }])).toThrow("twice: read");
  expect(() => create([...operations, { rpc: "made-up", scope: "none", handle: () => ({}) }])).toThrow("unknown: made-up");
});
