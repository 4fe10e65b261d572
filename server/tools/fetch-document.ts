import { AppError, invalid } from "@portico/core";
import { Chunks } from "@portico/core/chunks";
import type { Outbound } from "@portico/outbound";
import { fetch } from "undici";
import { faultOfHttpUrl } from "../fields/contract.ts";
import { maxDocumentBytes } from "./contract/document.ts";

const timeoutMs = 15_000;

export type FetchDocument = (url: string) => Promise<string>;

/** Fetches a document from an address that a person names, or a server that it redirects to: each is judged at its connection. */
export function createFetchDocument({
  outbound,
}: {
  outbound: Pick<Outbound, "agent" | "faultOfUrl">;
}): FetchDocument & { close(): Promise<void> } {
  const agent = outbound.agent({ purpose: "import", pipelining: 0, connect: { timeout: 10_000 } });

  async function fetchDocument(url: string): Promise<string> {
    const fault = faultOfHttpUrl(url) ?? outbound.faultOfUrl("import", new URL(url));
    if (fault) throw invalid("url", fault);
    try {
      const answer = await fetch(url, {
        dispatcher: agent,
        headers: { accept: "application/json, application/yaml, text/yaml, */*;q=0.5", "user-agent": "portico" },
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (!answer.ok) throw invalid("url", `answers with status ${answer.status}`);
      const chunks = new Chunks();
      for await (const chunk of answer.body ?? []) {
        chunks.add(Buffer.from(chunk as Uint8Array));
        if (chunks.bytes > maxDocumentBytes)
          throw invalid("url", `leads to more than ${maxDocumentBytes / 1024 / 1024} MiB, the limit of a document`);
      }
      return chunks.all().toString("utf8");
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw invalid("url", reasonOf(error, new URL(url).host));
    }
  }

  return Object.assign(fetchDocument, { close: () => agent.destroy() });
}

function reasonOf(error: unknown, host: string): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "OUTBOUND_REFUSED" && cause instanceof Error) return `cannot be fetched: ${cause.message}`;
  if (cause instanceof Error && cause.name === "TimeoutError")
    return `cannot be fetched: ${host} did not answer within ${timeoutMs / 1000} seconds`;
  return `cannot be fetched: ${host} cannot be reached${code === "" ? "" : ` (${code})`}`;
}
