import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import { fileEndpoints } from "./endpoints.ts";
import { createFileService, type FileService } from "./service.ts";
import { createFileStore } from "./store.ts";

export type FileFeature = Feature & { files: FileService };

export function createFiles({ db, counts }: { db: Db; counts: Counts }): FileFeature {
  const files = createFileService({ db, store: createFileStore(db, counts) });
  return { files, endpoints: fileEndpoints({ files }) };
}
