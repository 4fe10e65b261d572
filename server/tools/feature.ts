import type { Outbound } from "@portico/outbound";
import { createToolExecutor } from "@portico/tool-executor";
import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import type { ObjectHooks } from "../plugins/hooks/types.ts";
import type { SecretValues } from "../secrets/values.ts";
import { toolCallEndpoints } from "./call-endpoints.ts";
import { createToolCaller, type ToolCaller } from "./caller.ts";
import { createDocuments } from "./document/documents.ts";
import { toolDocumentEndpoints } from "./document-endpoints.ts";
import { toolEndpoints } from "./endpoints.ts";
import { createFetchDocument } from "./fetch-document.ts";
import { toolOperations } from "./operations.ts";
import { toolRelationEndpoints } from "./relation-endpoints.ts";
import { createToolService, type ToolService } from "./service.ts";
import { createToolStore } from "./store.ts";

export type ToolFeature = Feature & { tools: ToolService; caller: ToolCaller };

export function createTools({
  db,
  counts,
  hooks,
  secretValues,
  outbound,
}: {
  db: Db;
  counts: Counts;
  hooks: ObjectHooks;
  secretValues: SecretValues;
  outbound: Outbound;
}): ToolFeature {
  const documents = createDocuments();
  const executor = createToolExecutor({ outbound });
  const fetchDocument = createFetchDocument({ outbound });
  const store = createToolStore(db, counts);
  const tools = createToolService({ db, store, hooks, secretValues, documents, outbound });
  const caller = createToolCaller({ store, secretValues, executor });
  return {
    tools,
    caller,
    endpoints: [
      ...toolDocumentEndpoints({ documents, fetchDocument }),
      ...toolEndpoints({ tools }),
      ...toolRelationEndpoints({ tools }),
      ...toolCallEndpoints({ tools, caller }),
    ],
    operations: toolOperations({ tools, caller }),
    async close() {
      await Promise.all([documents.close(), executor.close(), fetchDocument.close()]);
    },
  };
}
