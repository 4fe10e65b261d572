import { invalid } from "@portico/core";
import { embedderOf, vectorStoreOf } from "@portico/datasources/vendors";
import { faultOfHttpUrl } from "../fields/contract.ts";
import type { DatasourceDraft } from "./contract.ts";

const isHttp = (schemes: readonly string[]): boolean => schemes.includes("https:");

/** Why an address cannot be that of a store whose addresses begin with one of the schemes; undefined when it can. */
function faultOfAddress(value: string, schemes: readonly string[]): string | undefined {
  if (isHttp(schemes)) return faultOfHttpUrl(value);
  const example = schemes.map((scheme) => `${scheme}//`).join(" or ");
  if (!URL.canParse(value) || !schemes.includes(new URL(value).protocol)) return `must be an address that begins with ${example}`;
  const url = new URL(value);
  if (url.hostname === "") return "must name a host";
  if (url.password !== "" || url.searchParams.has("password"))
    return "is shown to people and must not contain a password: send it as db_conn_api_key";
  return undefined;
}

/** Rules over several fields: what the chosen store and embedder need. @throws AppError naming the field. */
export function checkConnections(draft: DatasourceDraft): void {
  const store = vectorStoreOf(draft.db_source_type);
  if (store.schemes.length === 0) {
    if (draft.db_conn_string !== "") throw invalid("db_conn_string", "must be empty: the built-in store needs no address");
  } else {
    if (draft.db_conn_string === "") throw invalid("db_conn_string", `is required: the address of ${store.label}`);
    const fault = faultOfAddress(draft.db_conn_string, store.schemes);
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
