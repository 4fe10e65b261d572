"use client";

import { useSyncExternalStore } from "react";
import type { Resource } from "../api/types.ts";
import { CodeBlock } from "./code.tsx";
import { Section } from "./page.tsx";

const bearer = '-H "Authorization: Bearer $PORTICO_TOKEN"';

// The page's own origin, which the server rendering it does not know.
const useOrigin = (): string =>
  useSyncExternalStore(
    () => () => {},
    () => window.location.origin,
    () => "",
  );

function Panel({ commands, resource }: { commands: string[]; resource: Resource<unknown> }) {
  return (
    <>
      <Section title="curl" lead="With an API token from your account menu in PORTICO_TOKEN.">
        <CodeBlock what="commands" code={commands.join("\n\n")} />
      </Section>
      <Section title="JSON" lead="What the API answers, secrets left out.">
        <CodeBlock what="JSON of it" code={JSON.stringify({ data: resource }, null, 2)} maxHeight={520} />
      </Section>
    </>
  );
}

/** The same thing outside the dashboard: its JSON and the commands that read and change it. */
export function ApiPanel({ path, resource, change }: { path: string; resource: Resource<unknown>; change: Record<string, unknown> }) {
  const address = `${useOrigin()}${path}`;
  return (
    <Panel
      resource={resource}
      commands={[
        `curl ${bearer} \\\n  ${address}`,
        `curl -X PATCH ${bearer} \\\n  -H "Content-Type: application/json" \\\n  -d '${JSON.stringify(change)}' \\\n  ${address}`,
      ]}
    />
  );
}

/** As `ApiPanel`, for what is only read. */
export function ApiPanelRead({ path, resource }: { path: string; resource: Resource<unknown> }) {
  return <Panel resource={resource} commands={[`curl ${bearer} \\\n  ${useOrigin()}${path}`]} />;
}
