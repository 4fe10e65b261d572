import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import type { ObjectHooks } from "../plugins/hooks/types.ts";
import type { Vault } from "../secrets/vault.ts";
import { createDocuments } from "./document/documents.ts";
import { toolEndpoints } from "./endpoints.ts";
import { toolOperations } from "./operations.ts";
import { toolRelationEndpoints } from "./relation-endpoints.ts";
import { createToolService, type ToolService } from "./service.ts";
import { createToolStore } from "./store.ts";

export type ToolFeature = Feature & { tools: ToolService };

export function createTools({ db, counts, hooks, vault }: { db: Db; counts: Counts; hooks: ObjectHooks; vault: Vault }): ToolFeature {
  const documents = createDocuments();
  const tools = createToolService({ db, store: createToolStore(db, counts), hooks, vault, documents });
  return {
    tools,
    endpoints: [...toolEndpoints({ tools }), ...toolRelationEndpoints({ tools })],
    operations: toolOperations({ tools }),
    close: () => documents.close(),
  };
}
