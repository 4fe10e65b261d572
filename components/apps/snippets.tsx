"use client";

import { Group, SegmentedControl, Select } from "@mantine/core";
import { useState } from "react";
import type { Llm, Resource } from "../api/types.ts";
import { vendors } from "../llms/vendors.ts";
import { CodeBlock } from "../ui/code.tsx";
import { Section } from "../ui/page.tsx";

type Client = "sdk" | "python" | "curl";

const clientLabels: Record<Client, string> = { sdk: "JavaScript", python: "Python", curl: "curl" };

function snippet(client: Client, llm: Llm, base: string, key: string): string {
  const model = llm.default_model || vendors[llm.vendor].model;
  const anthropic = llm.vendor === "anthropic";
  if (client === "curl") {
    return anthropic
      ? `curl ${base}/v1/messages \\\n  -H "x-api-key: ${key}" \\\n  -H "anthropic-version: 2023-06-01" \\\n  -H "Content-Type: application/json" \\\n  -d '{"model":"${model}","max_tokens":256,"messages":[{"role":"user","content":"Hello"}]}'`
      : `curl ${base}/v1/chat/completions \\\n  -H "Authorization: Bearer ${key}" \\\n  -H "Content-Type: application/json" \\\n  -d '{"model":"${model}","messages":[{"role":"user","content":"Hello"}]}'`;
  }
  if (client === "python") {
    return anthropic
      ? `from anthropic import Anthropic\n\nclient = Anthropic(base_url="${base}", api_key="${key}")\nmessage = client.messages.create(\n    model="${model}",\n    max_tokens=256,\n    messages=[{"role": "user", "content": "Hello"}],\n)\nprint(message.content[0].text)`
      : `from openai import OpenAI\n\nclient = OpenAI(base_url="${base}/v1", api_key="${key}")\nanswer = client.chat.completions.create(\n    model="${model}",\n    messages=[{"role": "user", "content": "Hello"}],\n)\nprint(answer.choices[0].message.content)`;
  }
  return anthropic
    ? `import Anthropic from "@anthropic-ai/sdk";\n\nconst client = new Anthropic({ baseURL: "${base}", apiKey: "${key}" });\nconst message = await client.messages.create({\n  model: "${model}",\n  max_tokens: 256,\n  messages: [{ role: "user", content: "Hello" }],\n});\nconsole.log(message.content[0].text);`
    : `import OpenAI from "openai";\n\nconst client = new OpenAI({ baseURL: "${base}/v1", apiKey: "${key}" });\nconst answer = await client.chat.completions.create({\n  model: "${model}",\n  messages: [{ role: "user", content: "Hello" }],\n});\nconsole.log(answer.choices[0].message.content);`;
}

/** Programs that call the app's LLMs through the gateway, ready to copy; with the secret while it is known. */
export function Snippets({ llms, gatewayUrl, secret }: { llms: Resource<Llm>[]; gatewayUrl: string; secret: string | null }) {
  const [client, setClient] = useState<Client>("sdk");
  const [llmId, setLlmId] = useState<string | null>(null);
  const llm = llms.find((each) => each.id === llmId) ?? llms[0];
  if (!llm) return null;
  const base = `${gatewayUrl}/llm/call/${llm.attributes.slug ?? ""}`;
  return (
    <Section title="Call it" lead="The vendor's own client works as it is; only its address and key change.">
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
