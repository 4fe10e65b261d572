"use client";

import { Button, TextInput } from "@mantine/core";
import Link from "next/link";
import { useState } from "react";
import { Empty } from "../ui/empty.tsx";
import { Failure } from "../ui/notice.tsx";
import { Facts, PageHeader, Section } from "../ui/page.tsx";
import { PageSkeleton } from "../ui/page-skeleton.tsx";
import classes from "./catalogue.module.css";
import { useUsableLlms, useUsableTools } from "./usable.ts";

type Entry = {
  id: string;
  name: string;
  about: string;
  details: string;
  facts: [term: string, value: string][];
  createHref: string;
  /** What the search looks at. */
  text: string;
};

/** What the signed-in user's groups may use, with a way to an app that uses it. */
export function Catalogue() {
  const [search, setSearch] = useState("");
  const llms = useUsableLlms();
  const tools = useUsableTools();
  if (llms.isPending || tools.isPending) return <PageSkeleton />;
  if (llms.error) return <Failure what="The LLMs" error={llms.error} retry={() => void llms.refetch()} />;
  if (tools.error) return <Failure what="The tools" error={tools.error} retry={() => void tools.refetch()} />;
  const wanted = search.trim().toLowerCase();
  const matching = (entries: Entry[]) => entries.filter(({ text }) => text.toLowerCase().includes(wanted));
  const foundLlms = matching(
    llms.data.map(({ id, attributes: llm }) => ({
      id,
      name: llm.name,
      about: llm.short_description,
      details: llm.long_description,
      facts: [
        ["Vendor", llm.vendor],
        ["Default model", llm.default_model || "none"],
        ["Models", llm.allowed_models.length > 0 ? llm.allowed_models.join(", ") : "all of the vendor"],
        ["Privacy score", String(llm.privacy_score)],
      ],
      createHref: `/portal/apps/new?llm=${id}`,
      text: [llm.name, llm.short_description, llm.vendor, llm.default_model].join(" "),
    })),
  );
  const foundTools = matching(
    tools.data.map(({ id, attributes: tool }) => ({
      id,
      name: tool.name,
      about: tool.description.slice(0, 160),
      details: tool.description.length > 160 ? tool.description : "",
      facts: [
        ["Operations", tool.operations.join(", ") || "none"],
        ["Privacy score", String(tool.privacy_score)],
      ],
      createHref: `/portal/apps/new?tool=${id}`,
      text: [tool.name, tool.description, ...tool.operations].join(" "),
    })),
  );
  if (llms.data.length + tools.data.length === 0)
    return (
      <Empty isPage title="Nothing to use yet">
        Your groups have no LLMs or tools in their catalogues. Ask an administrator to add some.
      </Empty>
    );
  return (
    <>
      <PageHeader title="Catalogue" lead="The LLMs and tools that your groups may use. Add them to an app of yours to call them." />
      <TextInput
        type="search"
        aria-label="Search the catalogue"
        placeholder="Search by name, vendor, model or description"
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        maw={420}
        mb="md"
      />
      {foundLlms.length + foundTools.length === 0 && <p className="quiet">Nothing matches “{search.trim()}”.</p>}
      {foundLlms.length > 0 && <Entries title="LLMs" entries={foundLlms} />}
      {foundTools.length > 0 && <Entries title="Tools" entries={foundTools} />}
    </>
  );
}

function Entries({ title, entries }: { title: string; entries: Entry[] }) {
  return (
    <Section title={title}>
      <ul className={classes.entries}>
        {entries.map((entry) => (
          <li key={entry.id} className={classes.entry}>
            <h3>{entry.name}</h3>
            <p className="quiet">{entry.about || "No description."}</p>
            <details>
              <summary>Details</summary>
              {entry.details && <p className={classes.details}>{entry.details}</p>}
              <Facts rows={entry.facts} />
            </details>
            <Button component={Link} href={entry.createHref} variant="default" size="xs" aria-label={`Create app with ${entry.name}`}>
              Create app
            </Button>
          </li>
        ))}
      </ul>
    </Section>
  );
}
