"use client";

import { kindsWithPages, labelOfResource } from "@portico/protocol/kinds";
import { useQuery } from "@tanstack/react-query";
import type { Dependents } from "../../server/http/contract.ts";
import { q } from "../api/query.ts";
import { Failure } from "../ui/notice.tsx";
import { Section } from "../ui/page.tsx";
import { PlainTable } from "../ui/plain-table.tsx";

type Use = { name: string; kind: string; effect: string };

const columns = [
  { id: "name", header: "Name", value: (row: { attributes: Use }) => row.attributes.name },
  { id: "kind", header: "Kind", value: (row: { attributes: Use }) => row.attributes.kind },
  { id: "effect", header: "How", value: (row: { attributes: Use }) => row.attributes.effect },
];

const pathOf = (resource: string) => kindsWithPages.find((kind) => kind.resource === resource)?.page.path;

/** What refers to a secret. */
export function SecretUses({ id }: { id: string }) {
  const uses = useQuery<Dependents>(q("secrets", `/api/v1/secrets/${id}/dependents`));
  const rows = (uses.data?.data ?? []).map(({ type, id, name, effect }) => ({
    type,
    id,
    attributes: { name, kind: labelOfResource(type), effect },
  }));
  return (
    <Section title="Where it is used" lead="It can be deleted and renamed once nothing refers to it.">
      {uses.error ? (
        <Failure what="The uses" error={uses.error} retry={() => void uses.refetch()} />
      ) : (
        <PlainTable
          label="Where the secret is used"
          columns={columns}
          rows={rows}
          loading={uses.isPending}
          href={(row) => (pathOf(row.type) ? `/admin/${pathOf(row.type)}/${row.id}` : `/admin/secrets/${id}`)}
          nothing="Nothing refers to it yet."
        />
      )}
    </Section>
  );
}
