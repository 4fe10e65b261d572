import { documentOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { one } from "../http/envelope.ts";
import { type CheckedDocument, CheckedDocumentResource, DocumentCheck } from "./contract/definition.ts";
import { documentText } from "./contract/document-text.ts";
import { maxToolBodyBytes } from "./contract.ts";
import { toDefinitionAttributes } from "./definition-wire.ts";
import type { Documents } from "./document/documents.ts";
import type { FetchDocument } from "./fetch-document.ts";

const isRelative = (server: string): boolean => !/^[a-z][a-z0-9+.-]*:/i.test(server);

export const toolDocumentEndpoints = ({
  documents,
  fetchDocument,
}: {
  documents: Pick<Documents, "check">;
  fetchDocument: FetchDocument;
}) => {
  async function check(text: string, url: string | undefined): Promise<CheckedDocument> {
    const { faults, document } = await documents.check(text);
    const server = document?.definition.servers[0] ?? "";
    const base = document && url !== undefined && isRelative(server) && URL.canParse(server, url) ? new URL(server, url).href : "";
    return {
      valid: document !== null,
      dialect: document?.dialect ?? "",
      faults,
      definition: document && toDefinitionAttributes(document.definition),
      text: url === undefined ? null : text,
      base_url: base.replace(/\/+$/, ""),
    };
  }

  return [
    endpoint({
      method: "POST",
      path: "/api/v1/tools/validate-spec",
      summary: "Check an OpenAPI document, sent or fetched from a URL: its faults with their lines, and what it offers",
      permission: "tools.write",
      maxBodyBytes: maxToolBodyBytes,
      body: DocumentCheck,
      result: documentOf(CheckedDocumentResource),
      async handle({ body: { oas_spec, url } }) {
        const text = url === undefined ? documentText(oas_spec ?? "") : await fetchDocument(url);
        return one({ type: "tool-documents" as const, id: "", attributes: await check(text, url) });
      },
    }),
  ];
};
