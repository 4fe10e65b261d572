"use client";

import { Button, Group, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { call, messageOf } from "../api/http.ts";
import { Section } from "../ui/page.tsx";

type Found = { content: string; similarity_score: number; metadata: Record<string, string> };

/** Searches the data source and shows what was found with its scores. */
export function DatasourceQuery({ id }: { id: string }) {
  const [query, setQuery] = useState("");
  const [found, setFound] = useState<Found[]>();
  const [fault, setFault] = useState("");
  const [isBusy, setBusy] = useState(false);

  async function search() {
    setBusy(true);
    setFault("");
    try {
      setFound((await call<{ data: Found[] }>("POST", `/api/v1/datasources/${id}/query`, { query })).data);
    } catch (error) {
      setFault(messageOf(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Section title="Try a query">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void search();
        }}
      >
        <Group align="end">
          <TextInput label="Query" value={query} error={fault || undefined} onChange={(event) => setQuery(event.currentTarget.value)} />
          <Button type="submit" variant="default" loading={isBusy} disabled={query.trim() === ""}>
            Search
          </Button>
        </Group>
      </form>
      {found?.length === 0 && <Text mt="sm">Nothing was found.</Text>}
      {found && found.length > 0 && (
        <ol>
          {found.map(({ content, similarity_score, metadata }) => (
            <li key={`${metadata.file_id} ${metadata.chunk} ${content}`}>
              <Text size="sm" c="dimmed">
                {similarity_score.toFixed(3)} {metadata.filename}
              </Text>
              <Text size="sm">{content}</Text>
            </li>
          ))}
        </ol>
      )}
    </Section>
  );
}
