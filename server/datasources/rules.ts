import { invalid } from "@portico/core";
import { embedderOf, vectorStoreOf } from "@portico/datasources/vendors";
import { faultOfHttpUrl } from "../fields/contract.ts";
import type { DatasourceDraft } from "./contract.ts";

/** Rules over several fields: what the chosen store and embedder need. @throws AppError naming the field. */
export function checkConnections(draft: DatasourceDraft): void {
  const store = vectorStoreOf(draft.db_source_type);
  if (!store.isRemote) {
    if (draft.db_conn_string !== "") throw invalid("db_conn_string", "must be empty: the built-in store needs no address");
  } else {
    if (draft.db_conn_string === "") throw invalid("db_conn_string", `is required: the address of ${store.label}`);
    const fault = faultOfHttpUrl(draft.db_conn_string);
    if (fault) throw invalid("db_conn_string", fault);
    if (store.namesCollection && draft.db_name === "") throw invalid("db_name", `is required: the collection in ${store.label}`);
  }
  // It becomes part of paths, of queries and, in SQL and GraphQL stores, of names.
  if (draft.db_name !== "" && !/^[A-Za-z][A-Za-z0-9_-]{0,62}$/.test(draft.db_name))
    throw invalid("db_name", "takes up to 63 letters, digits, hyphens and underscores, and begins with a letter");

  const embedder = embedderOf(draft.embed_vendor);
  if (!embedder.isRemote) {
    if (draft.embed_url !== "") throw invalid("embed_url", "must be empty: the built-in embedder needs no address");
    return;
  }
  if (draft.embed_url === "" && embedder.endpoint === "") throw invalid("embed_url", `is required: the address of ${embedder.label}`);
  const fault = draft.embed_url === "" ? undefined : faultOfHttpUrl(draft.embed_url);
  if (fault) throw invalid("embed_url", fault);
  if (draft.embed_model === "") throw invalid("embed_model", `is required for ${embedder.label}`);
}
