import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** Least microseconds for a tick, in a process that met full collections while it had little to do. */
function tickUs(prepare: string): number {
  const script = `
    import { keepTickShape } from ${JSON.stringify(fileURLToPath(new URL("tick-shape.ts", import.meta.url)))};
    ${prepare}
    const nothing = () => {};
    const pause = () => new Promise((resolve) => setTimeout(resolve, 1));
    for (let i = 0; i < 50; i++) { process.nextTick(nothing, 1); await pause(); }
    for (let i = 0; i < 6; i++) { await pause(); gc(); }
    const batch = () => { for (let i = 0; i < 20_000; i++) process.nextTick(nothing, 1); };
    let least = Infinity;
    for (let i = 0; i < 25; i++) {
      const startedAt = performance.now();
      batch();
      await new Promise((resolve) => setImmediate(resolve));
      least = Math.min(least, performance.now() - startedAt);
    }
    console.log(least / 20);
  `;
  return Number(execFileSync(process.execPath, ["--expose-gc", "--input-type=module", "-e", script], { encoding: "utf8" }));
}

test("ticks stay fast when V8 has collected everything at a quiet moment", () => {
  expect(tickUs("if (!keepTickShape()) throw new Error('no tick was kept');")).toBeLessThan(tickUs("") / 1.5);
});
