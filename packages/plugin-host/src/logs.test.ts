import { expect, test } from "vitest";
import { createStderrParser } from "./logs.ts";

const levelsOf = (lines: string[]) => lines.map((line) => createStderrParser()(line).level);

test("the level of a line is read from what Go's and Node's loggers write", () => {
  const lines: [string, string][] = [
    ["2026/11/27 22:28:47 [ERROR] [Plugin 19] cannot reach the store", "error"],
    ["2026/11/27 22:28:47 [INFO] [Plugin 19] ready", "info"],
    ["2026/11/27 22:28:47.123456 [WARN] slow", "warn"],
    ["2026-11-27T22:28:47Z [DEBUG] details", "debug"],
    ["[ERROR] broken", "error"],
    ['{"level":"info","time":"2026-11-27T22:28:47Z","message":"started"}', "info"],
    ['{"level":"warn","plugin_id":19,"time":1764282527,"message":"slow"}', "warn"],
    ['{"level":"fatal","ts":1764282527.1,"msg":"gone"}', "error"],
    ['{"time":"2026-11-27T22:28:47Z","level":"ERROR","msg":"slog"}', "error"],
    ['{"level":40,"time":1764282527000,"msg":"pino"}', "warn"],
    ["time=2026-11-27T22:28:47Z level=WARN msg=slow", "warn"],
    ['time="2026-11-27T22:28:47Z" level=error msg="logrus"', "error"],
    ['level=info msg="no time"', "info"],
    ["2026/11/27 22:28:47 nothing about a level", "debug"],
    ["an [ERROR] further on is text", "debug"],
    ['{"level":"info"}', "debug"],
    ['{"message":"without a level"}', "debug"],
  ];
  expect(levelsOf(lines.map(([line]) => line))).toEqual(lines.map(([, level]) => level));
});

test("what a structured line says besides its message is kept, without the time that the log has anyway", () => {
  const parse = createStderrParser();
  expect(parse('{"level":"info","time":"2026-11-27T22:28:47Z","plugin_id":19,"component":"session","message":"renewed"}')).toEqual({
    level: "info",
    text: "renewed plugin_id=19 component=session",
  });
  const line = "2026/11/27 22:28:47 [ERROR] [Plugin 19] x";
  expect(parse(line)).toEqual({ level: "error", text: line });
});
