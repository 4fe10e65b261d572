import { afterAll, beforeAll, expect, test } from "vitest";
import { aPlugin, commands, dataOf } from "../plugins/test/harness.ts";
import { aStudio, type Studio } from "../testing.ts";
import { createSecretResolver } from "./values.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

test("a plugin's settings may refer to secrets: it gets the values, and new ones when they are saved; everybody else sees references", async () => {
  const { call } = studio;
  const secret = await call("POST", "/api/v1/secrets", { var_name: "PROBE_KEY", value: "pk-first" });
  const plugin = await aPlugin(studio, { name: "Keyed", command: commands.probe, config: { mode: "allow", api_key: "$SECRET/PROBE_KEY" } });
  const path = `/api/v1/plugins/${plugin.id}`;
  const keyOf = async () => (dataOf(await call("POST", `${path}/rpc/config`, {})) as { api_key?: string } | undefined)?.api_key;
  const soon = { timeout: 30_000, interval: 100 };
  await expect.poll(keyOf, soon).toBe("pk-first");
  expect((await call("GET", path)).text).toContain("$SECRET/PROBE_KEY");
  expect((await call("GET", path)).text).not.toContain("pk-first");
  expect((await call("GET", `/api/v1/secrets/${secret.data.id}/dependents`)).list).toEqual([
    { type: "plugins", id: String(plugin.id), name: "Keyed", effect: "uses it as config" },
  ]);
  await call("PATCH", `/api/v1/secrets/${secret.data.id}`, { value: "pk-second" });
  await expect.poll(keyOf, soon).toBe("pk-second");
  const refused = await call("PATCH", path, { config: { mode: "allow", api_key: "$SECRET/ABSENT" } });
  expect(refused.errors[0]).toMatchObject({ status: "422", field: "config.api_key" });
  await call("PATCH", path, { config: { mode: "allow" } });
  expect((await call("DELETE", `/api/v1/secrets/${secret.data.id}`)).status).toBe(204);
});

test("a reference that no administrator has sent, such as a default of a plugin's schema, is not resolved", () => {
  const resolver = createSecretResolver({
    vault: { open: (sealed) => `opened ${sealed}` },
    environment: new Map(),
    secrets: new Map([
      ["A", "a"],
      ["B", "b"],
    ]),
  });
  const settings = { sent: "$SECRET/A", list: ["$SECRET/A", { other: "$SECRET/B" }], text: "see $SECRET/A" };
  expect(resolver.openIn(settings, ["$SECRET/A"])).toEqual({
    sent: "opened a",
    list: ["opened a", { other: "$SECRET/B" }],
    text: "see $SECRET/A",
  });
  expect(() => resolver.openIn({ gone: "$SECRET/C" }, ["$SECRET/C"])).toThrow("the secret C, which does not exist");
});
