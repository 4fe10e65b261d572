import { expect, test } from "vitest";
import { requestedOf } from "./grants.ts";
import { afterLoading, type BeforeLoading } from "./loading.ts";

const unread: BeforeLoading = {
  hookTypesCustomized: false,
  hookTypes: [],
  hookType: "pending",
  configSchema: null,
  serviceAccessAuthorized: false,
  uiTrusted: false,
  codeHash: "",
  approvedCodeHash: "",
  grants: [],
};
const withoutManifest = { manifest: undefined, manifestJson: {}, configSchema: {}, codeHash: "a" };
const here = { dev: false, attached: false };

test("a plugin without a manifest asks for the hook types that an administrator named, and for nothing else", () => {
  const { row, grants } = afterLoading({ ...unread, hookTypes: ["data_collection", "object_hooks"] }, withoutManifest, here);
  expect(grants).toEqual([]);
  expect(row).toMatchObject({ hookTypes: ["data_collection", "object_hooks"], hookType: "data_collection", serviceScopes: [] });
  expect(requestedOf({ manifest: {}, hookTypes: row.hookTypes ?? [], hookType: "" })).toEqual(["data_collection"]);
  expect(() => afterLoading(unread, withoutManifest, here)).toThrow(
    expect.objectContaining({ code: "plugin_invalid", issues: [expect.objectContaining({ field: "hook_types" })] }),
  );
});

test("a plugin that was attached before it was read has its gateway hooks, and nothing else", () => {
  const { grants, row } = afterLoading({ ...unread, hookTypes: ["post_auth", "studio_ui"] }, withoutManifest, { ...here, attached: true });
  expect(grants).toEqual(["post_auth"]);
  expect(row).toMatchObject({ approvedCodeHash: "a" });
});

test("in development another program keeps the grants of the one that was approved", () => {
  const before = { ...unread, hookTypes: ["post_auth"], configSchema: {}, codeHash: "old", approvedCodeHash: "old", grants: ["post_auth"] };
  expect(afterLoading(before, withoutManifest, here)).toMatchObject({ grants: [], row: { codeHash: "a", approvedCodeHash: "old" } });
  expect(afterLoading(before, withoutManifest, { ...here, dev: true }).grants).toEqual(["post_auth"]);
});
