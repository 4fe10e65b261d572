import { fileURLToPath } from "node:url";
import { sleep } from "@portico/core";
import type { Studio } from "../../testing.ts";

const at = (path: string) => `file://${fileURLToPath(new URL(path, import.meta.url))}`;

export const commands = {
  probe: at("./probe-plugin.ts"),
  writer: at("./writer-plugin.ts"),
  /** Answers the text in TEST_PLUGIN_MANIFEST as its manifest. */
  bare: at("../../../packages/plugin-host/test/fixture-plugin.ts"),
  validator: at("../../../plugins/llm-validator/plugin.ts"),
  enricher: at("../../../plugins/request-enricher/plugin.ts"),
  feedback: at("../../../plugins/portal-feedback/plugin.ts"),
};

export async function until<T>(look: () => Promise<T | undefined | false | null>, timeoutMs = 15_000): Promise<T> {
  for (const end = Date.now() + timeoutMs; ; await sleep(50)) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`never came true: ${look}`);
  }
}

/** Installs a plugin; approved and healthy when this settles. */
export async function aPlugin({ call }: Studio, body: { name: string; command: string; config?: object }, { approve = true } = {}) {
  const created = await call("POST", "/api/v1/plugins", { is_active: true, ...body });
  if (created.status !== 201) throw new Error(created.text);
  const path = `/api/v1/plugins/${created.data.id}`;
  if (approve) await call("POST", `${path}/approve-scopes`, { approved: true });
  const state = async () => (await call("GET", path)).data.attributes;
  const healthy = (more: (attributes: Record<string, unknown>) => boolean = () => true) =>
    until(async () => {
      const attributes = await state();
      return attributes.state === "healthy" && more(attributes) && attributes;
    });
  await healthy();
  return {
    id: Number(created.data.id),
    path,
    created: created.data.attributes,
    state,
    healthy,
    rpc: (method: string, payload: object = {}) => call("POST", `${path}/rpc/${method}`, payload),
  };
}

/** What an RPC answered. */
export const dataOf = ({ json }: { json: unknown }): unknown => (json as { data: unknown }).data;
