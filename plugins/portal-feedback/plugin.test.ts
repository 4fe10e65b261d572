import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { createTestKv, launchPlugin, type TestedPlugin, testPlugin } from "@portico/plugin-sdk/testing";
import { beforeAll, describe, expect, test } from "vitest";
import plugin from "./plugin.ts";

type Feedback = { id: string; user_id: number; title: string; rating: number };
type Listed = { feedback: Feedback[]; total: number };
const member = (id: number) => ({ id, name: `User ${id}`, email: `u${id}@example.com`, groups: ["Default", "Feedback"] });
const words = { title: "Search", message: "Finds nothing", rating: 2 };
const submit = (running: Pick<TestedPlugin, "portalRpc">, args: Record<string, unknown> = words, id = 7) =>
  running.portalRpc<{ success: boolean; error?: string; feedback: Feedback }>("submit_feedback", args, member(id));
const list = (running: Pick<TestedPlugin, "rpc">) => running.rpc<Listed>("list_feedback");

describe("feedback", () => {
  test("of a portal user is signed by the host, listed for the admin, and for its author only", async () => {
    const running = await testPlugin(plugin);
    const { feedback } = await submit(running, { ...words, user_id: 1, user_email: "forged@example.com" });
    expect(feedback).toEqual({
      id: "fb_1",
      user_id: 7,
      user_email: "u7@example.com",
      user_name: "User 7",
      ...words,
      created_at: expect.stringMatching(/Z$/),
    });
    await submit(running, { ...words, title: "Menu" }, 8);
    expect(await list(running)).toMatchObject({ total: 2, feedback: [{ title: "Menu" }, { title: "Search" }] });
    const mine = await running.portalRpc<Listed>("my_feedback", {}, member(7));
    expect(mine.feedback.map(({ id }) => id)).toEqual(["fb_1"]);
  });

  test.each([
    [{ ...words, title: "  " }, "Title and message are required"],
    [{ ...words, message: 5 }, "Title and message are required"],
    [{ ...words, rating: 0 }, "Rating must be between 1 and 5"],
    [{ ...words, rating: 4.5 }, "Rating must be between 1 and 5"],
    [{ ...words, rating: "5" }, "Rating must be between 1 and 5"],
    [{ ...words, title: "x".repeat(201) }, "The title has at most 200 characters"],
    [{ ...words, message: "x".repeat(5_001) }, "The message has at most 5000 characters"],
  ])("that is not whole is refused with the reason and nothing is kept", async (args, error) => {
    const running = await testPlugin(plugin);
    expect(await submit(running, args)).toEqual({ success: false, error });
    expect(running.kv.entries()).toEqual({});
  });

  test("is closed to people outside the group, whatever page they come from", async () => {
    const running = await testPlugin(plugin);
    const outsider = { ...member(9), groups: ["Default"] };
    const refusal = "Feedback is open to the group Feedback. Ask an administrator to add you.";
    await expect(running.portalRpc("submit_feedback", words, outsider)).rejects.toThrow(refusal);
    await expect(running.portalRpc("my_feedback", {}, outsider)).rejects.toThrow(refusal);
    await expect(running.portalRpc("list_feedback", {}, member(7))).rejects.toThrow("no method named");
    expect(running.kv.entries()).toEqual({});
  });

  test("that is deleted is gone from every list, its words from the store, and its id is not given again", async () => {
    const running = await testPlugin(plugin);
    await submit(running);
    expect(await running.rpc("delete_feedback", { id: "fb_1" })).toEqual({ success: true });
    expect(await running.rpc("delete_feedback", { id: "fb_1" })).toEqual({ success: false, error: "Feedback not found" });
    for (const id of ["fb_99", "fb_0", "claim:1", "", undefined]) {
      expect(await running.rpc("delete_feedback", { id })).toMatchObject({ success: false });
    }
    expect(JSON.stringify(running.kv.entries())).not.toContain("Finds nothing");
    expect((await submit(running)).feedback.id).not.toBe("fb_1");
  });

  test("submitted at once through several replicas is kept entirely, under ids of its own, and all replicas agree", async () => {
    const kv = createTestKv();
    const replicas = await Promise.all([1, 2, 3].map(() => testPlugin(plugin, { kv })));
    await Promise.all(Array.from({ length: 60 }, (_, i) => submit(replicas[i % 3] as TestedPlugin, { ...words, title: `n${i}` }, i + 1)));
    await replicas[1]?.rpc("delete_feedback", { id: "fb_5" });
    const lists = await Promise.all(replicas.map(list));
    for (const { feedback, total } of lists) {
      expect(total).toBe(59);
      expect(new Set(feedback.map(({ id }) => id)).size).toBe(59);
      expect(feedback).toEqual(lists[0]?.feedback);
    }
  });

  test("outlives a restart, and a slot whose writer died is no obstacle", async () => {
    const kv = createTestKv();
    await submit(await testPlugin(plugin, { kv }));
    await kv.write("claim:2", Buffer.from("a writer that died"), undefined);
    const restarted = await testPlugin(plugin, { kv });
    await submit(restarted, { ...words, title: "After" });
    expect((await list(restarted)).feedback.map(({ id, title }) => [id, title])).toEqual([
      ["fb_3", "After"],
      ["fb_1", "Search"],
    ]);
  });

  test("says so when the store is down, and works again afterwards", async () => {
    const running = await testPlugin(plugin);
    running.kv.setDown(true);
    await expect(submit(running)).rejects.toThrow("the store is down");
    running.kv.setDown(false);
    expect((await submit(running)).success).toBe(true);
  });
});

describe("the executable", () => {
  beforeAll(() => {
    execFileSync(process.execPath, [join(import.meta.dirname, "../build-ui.mjs"), import.meta.dirname]);
  });

  test("keeps feedback over the wire and a crash, and serves its pages", async () => {
    const kv = createTestKv();
    const file = join(import.meta.dirname, "plugin.ts");
    const first = await launchPlugin(file, { kv });
    await Promise.all(Array.from({ length: 10 }, (_, i) => submit(first, { ...words, title: `n${i}` })));
    for (const path of ["/ui/feedback-admin-view.js", "/ui/feedback-portal-form.js"]) {
      const { content, mimeType } = await first.asset(path);
      expect(mimeType).toBe("text/javascript; charset=utf-8");
      // A classic script: no import or export may be left.
      expect(content.toString()).toMatch(/^"use strict";\(\(\)=>\{|^\(\(\)=>\{/);
    }
    first.process.kill("SIGKILL");
    const second = await launchPlugin(file, { kv });
    expect((await list(second)).total).toBe(10);
    await Promise.all([first.stop(), second.stop()]);
  });

  test("declares every method it answers, and its pages call no other", async () => {
    const { rpc, portalRpc, manifest } = plugin.definition;
    const declared = (manifest.permissions as { rpc: string[] }).rpc;
    expect([...Object.keys(rpc ?? {}), ...Object.keys(portalRpc ?? {})].sort()).toEqual([...declared].sort());
  });
});
