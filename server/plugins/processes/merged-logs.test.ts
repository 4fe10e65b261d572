import { expect, test } from "vitest";
import { createMergedLogs } from "./merged-logs.ts";

type Line = { seq: number; at: Date; text: string };

function sources() {
  const here: Line[] = [];
  const there: Line[] = [];
  const after = (lines: Line[], seq: number) => lines.filter((line) => line.seq > seq);
  const logs = createMergedLogs({
    host: { logs: (_id, seq = 0) => after(here, seq).map((line) => ({ ...line, stream: "stderr" as const, level: "info" as const })) },
    gatewayLogs: {
      list: async (_id, seq) => after(there, seq).map((line) => ({ ...line, stream: "stderr", level: "info", edge_id: "edge-1" })),
    },
  });
  return { here, there, logs };
}
const at = (ms: number) => new Date(ms);

test("lines of the studio and of gateways are one log: each once, with its source, and none is missed by reading on", async () => {
  const { here, there, logs } = sources();
  here.push({ seq: 1, at: at(10), text: "studio 1" }, { seq: 2, at: at(30), text: "studio 2" });
  there.push({ seq: 9_001, at: at(20), text: "edge 1" });
  const first = await logs.list(1, 0);
  expect(first.map(({ seq, text, edge_id }) => [seq, text, edge_id])).toEqual([
    [1, "studio 1", undefined],
    [2, "edge 1", "edge-1"],
    [3, "studio 2", undefined],
  ]);
  // Written before the last line that was read, and known only now.
  there.push({ seq: 9_002, at: at(25), text: "edge 2" });
  here.push({ seq: 3, at: at(40), text: "studio 3" });
  const [again, more] = await Promise.all([logs.list(1, 3), logs.list(1, 3)]);
  expect(again.map(({ text }) => text)).toEqual(["edge 2", "studio 3"]);
  expect(more).toEqual(again);
  expect(await logs.list(1, 5)).toEqual([]);
});

test("a process that the host had forgotten counts from one again, and its lines are not taken for old ones", async () => {
  const { here, logs } = sources();
  here.push({ seq: 50, at: at(1), text: "before" });
  await logs.list(1, 0);
  here.splice(0, 1, { seq: 1, at: at(2), text: "after" });
  expect((await logs.list(1, 1)).map(({ text }) => text)).toEqual(["after"]);
});

test("the log is bounded", async () => {
  const { here, logs } = sources();
  for (let seq = 1; seq <= 3_000; seq++) here.push({ seq, at: at(seq), text: String(seq) });
  const lines = await logs.list(1, 0);
  expect(lines).toHaveLength(2_000);
  expect(lines.at(-1)?.text).toBe("3000");
});
