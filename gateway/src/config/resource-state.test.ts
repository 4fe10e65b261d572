import { LlmConfig, PluginConfig, type Resource } from "@portico/protocol/edge";
import { seal } from "@portico/protocol/sealing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ResourceDraft, type ResourceState } from "./resource-state.ts";
import { ShardedMap } from "./sharded-map.ts";

const dataKey = Buffer.alloc(32, 3);
const slice = () => undefined;
let version = 0;

async function next(base: ResourceState | undefined, set: Resource[], removed: Resource[] = []): Promise<ResourceState> {
  const draft = new ResourceDraft(base, dataKey);
  for (const resource of set) draft.set(resource);
  for (const resource of removed) draft.remove(resource);
  return draft.finish({ version: ++version, checksum: draft.checksum() }, slice);
}

function llm(id: number, { pluginIds = [], ...change }: Partial<LlmConfig> & { pluginIds?: number[] } = {}): Resource {
  const config = LlmConfig.fromPartial({ id, slug: `llm-${id}`, vendor: "openai", endpoint: "https://x.test", ...change });
  config.plugins = pluginIds.map((pluginId) => ({ pluginId, sealedConfigOverrideJson: seal(dataKey, Buffer.from('{"b":2}')) }));
  return { type: "llm", name: String(id), shared: false, body: Buffer.from(LlmConfig.encode(config).finish()) };
}
function plugin(id: number, config = "{}"): Resource {
  const sealedConfigJson = seal(dataKey, Buffer.from(config));
  const body = Buffer.from(
    PluginConfig.encode(PluginConfig.fromPartial({ id, name: `P${id}`, sealedConfigJson, hookTypes: ["post_auth"] })).finish(),
  );
  return { type: "plugin", name: String(id), shared: false, body };
}

test("an LLM whose plugin goes is not served, and is again when the plugin comes back", async () => {
  const first = await next(undefined, [plugin(5), llm(1, { pluginIds: [5] }), llm(2)]);
  expect([...first.table.llmsById.keys()]).toEqual([1, 2]);
  const without = await next(first, [], [plugin(5)]);
  expect([...without.table.llmsById.keys()]).toEqual([2]);
  expect([...without.rejected.values()]).toMatchObject([{ type: "llm", name: "1", reason: expect.stringContaining("plugin 5") }]);
  const again = await next(without, [plugin(5)]);
  expect([again.table.llmsById.has(1), again.table.plugins.has(5), again.rejected.size]).toEqual([true, true, 0]);
  expect([...first.table.llmsById.keys()]).toEqual([1, 2]);
});

test("a plugin's changed configuration reaches the LLMs it is attached to, in whatever order they come", async () => {
  const first = await next(undefined, [llm(1, { pluginIds: [5] }), plugin(5, '{"a":1}')]);
  expect(first.table.llmsById.get(1)?.chain.postAuth[0]?.configOverride).toBe('{"a":1,"b":2}');
  const second = await next(first, [plugin(5, '{"a":9}')]);
  expect(second.table.llmsById.get(1)?.chain.postAuth[0]?.configOverride).toBe('{"a":9,"b":2}');
});

test("of two LLMs with one slug the later one is rejected, and served once the slug is free", async () => {
  const first = await next(undefined, [llm(1), llm(2, { slug: "llm-1" })]);
  expect(first.table.llmsBySlug.get("llm-1")?.id).toBe(1);
  expect([...first.rejected.values()]).toMatchObject([{ name: "2", reason: expect.stringContaining("same slug") }]);
  const second = await next(first, [], [llm(1)]);
  expect([second.table.llmsBySlug.get("llm-1")?.id, second.rejected.size]).toEqual([2, 0]);
});

test("the checksum follows from what is held, however it came to be", () => {
  const change = fc.record({ id: fc.integer({ min: 1, max: 6 }), model: fc.constantFrom("a", "b", ""), goes: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const draft = new ResourceDraft(undefined, dataKey);
      const held = new Map<number, Resource>();
      for (const { id, model, goes } of changes) {
        const resource = llm(id, { defaultModel: model });
        if (goes) draft.remove(resource);
        else draft.set(resource);
        if (goes) held.delete(id);
        else held.set(id, resource);
      }
      const fresh = new ResourceDraft(undefined, dataKey);
      for (const resource of held.values()) fresh.set(resource);
      return draft.checksum() === fresh.checksum();
    }),
  );
});

test("a changed copy of a sharded map has the change, the map itself has not, and both agree with a plain one", () => {
  const edits = fc.array(fc.tuple(fc.oneof(fc.integer({ min: 0, max: 600 }).map(String), fc.string()), fc.boolean()), { maxLength: 60 });
  fc.assert(
    fc.property(edits, edits, (one, two) => {
      const apply = (map: ShardedMap<string, number>, plain: Map<string, number>, list: typeof one) => {
        const edit = map.edit();
        const copy = new Map(plain);
        for (const [i, [key, isSet]] of list.entries()) {
          if (isSet) edit.set(key, i);
          else edit.delete(key);
          if (isSet) copy.set(key, i);
          else copy.delete(key);
        }
        return [edit.done(), copy] as const;
      };
      const same = (map: ShardedMap<string, number>, plain: Map<string, number>) =>
        map.size === plain.size && [...plain].every(([key, value]) => map.get(key) === value) && [...map.values()].length === plain.size;
      const [first, firstPlain] = apply(new ShardedMap<string, number>(), new Map(), one);
      const [second, secondPlain] = apply(first, firstPlain, two);
      return same(first, firstPlain) && same(second, secondPlain);
    }),
  );
});
