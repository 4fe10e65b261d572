"use client";

import { Group, SegmentedControl, Select } from "@mantine/core";
import { vendorOf } from "@portico/protocol/vendors";
import { useState } from "react";
import type { LlmAttributes } from "../../server/llms/contract.ts";
import { type Client, snippets } from "../llms/dialects.ts";
import { CodeBlock } from "../ui/code.tsx";
import { Section } from "../ui/page.tsx";

const clientLabels: Record<Client, string> = { sdk: "JavaScript", python: "Python", curl: "curl" };

/** What a snippet says of an LLM. */
export type CallableLlm = {
  id: string;
  attributes: Pick<LlmAttributes, "name" | "slug" | "vendor" | "api_endpoint" | "default_model">;
};

function snippet(client: Client, llm: CallableLlm["attributes"], base: string, key: string): string {
  const vendor = vendorOf(llm.vendor);
  return snippets[vendor.dialect][client]({ base, endpoint: llm.api_endpoint, key, model: llm.default_model || vendor.exampleModel });
}

/** Programs that call the app's LLMs through the gateway, ready to copy; with the secret while it is known. */
export function Snippets({ llms, gatewayUrl, secret }: { llms: CallableLlm[]; gatewayUrl: string; secret: string | null }) {
  const [client, setClient] = useState<Client>("sdk");
  const [llmId, setLlmId] = useState<string | null>(null);
  const llm = llms.find((each) => each.id === llmId) ?? llms[0];
  if (!llm) return null;
  const base = `${gatewayUrl}/llm/call/${llm.attributes.slug ?? ""}`;
  return (
    <Section title="Call this app's LLMs" lead="Use the vendor's client with this address and key.">
      <Group gap="xs" mb="xs">
        <SegmentedControl
          aria-label="Client"
          value={client}
          onChange={(value) => setClient(value as Client)}
          data={Object.entries(clientLabels).map(([value, label]) => ({ value, label }))}
        />
        {llms.length > 1 && (
          <Select
            aria-label="LLM"
            w={220}
            allowDeselect={false}
            value={llm.id}
            onChange={setLlmId}
            data={llms.map((each) => ({ value: each.id, label: each.attributes.name }))}
          />
        )}
      </Group>
      <CodeBlock what={`${clientLabels[client]} snippet`} code={snippet(client, llm.attributes, base, secret ?? "YOUR_SECRET")} />
    </Section>
  );
}
