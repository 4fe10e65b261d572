import { expect, test } from "vitest";
import { bannerLines, showsCredentials } from "./banner.mjs";
import { readSettings } from "./settings.mjs";

const settings = readSettings({ PORT: "3400", GATEWAY_PORT: "8480", DEMO_VENDOR_PORT: "8481" });
const admin = { file: "/data/first-admin.json", email: "admin@portico.local", password: "made", apiToken: "pt_made", shown: false };
const textOf = (more) => bannerLines({ settings, admin, demo: undefined, demoOn: true, dev: false, tokenWorks: true, ...more }).join("\n");

test("the demo vendor's address is printed at every start while the demo is on, and not when it is off", () => {
  const line = "  Demo vendor http://localhost:8481 ";
  expect(textOf()).toContain(line);
  expect(textOf({ admin: { ...admin, shown: true } })).toContain(line);
  expect(textOf({ demoOn: false })).not.toContain("8481");
});

test("what was made for the first admin is printed once, and never beside a database that knows another", () => {
  expect(textOf()).toContain("pt_made");
  for (const more of [{ admin: { ...admin, shown: true } }, { tokenWorks: false }]) {
    expect(textOf(more)).not.toContain("pt_made");
    expect(showsCredentials({ admin, tokenWorks: true, ...more })).toBe(false);
  }
});
