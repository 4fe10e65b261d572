"use client";

import { Button, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import type { Dependents } from "../../server/http/contract.ts";
import { q } from "../api/query.ts";
import type { Resource } from "../api/types.ts";
import { FormLayout, FormSection } from "../form/form-layout.tsx";
import { ManyPicker } from "../form/picker.tsx";
import { useEntityForm } from "../form/use-entity-form.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { useDelete } from "../ui/confirm.tsx";
import { PageHeader, Section } from "../ui/page.tsx";
import { PlainTable } from "../ui/plain-table.tsx";
import { toast } from "../ui/toast.tsx";
import { WithResource } from "../ui/with-resource.tsx";
import { type AnyCatalogue, type CataloguePageKey, cataloguePages } from "./kinds.ts";

type Values = { name: string; short_description: string; long_description: string; icon: string; items: string[]; tags: string[] };

type Stored = { catalogue: Resource<AnyCatalogue>; etag: string | undefined };

/** Creates a catalogue, like `copyOf` if there is one, or changes the stored one. */
function CatalogueForm({ kind, stored, copyOf }: { kind: CataloguePageKey; stored?: Stored; copyOf?: AnyCatalogue }) {
  const page = cataloguePages[kind];
  const list = `/admin/${page.root}`;
  const catalogue = stored?.catalogue;
  const shown = catalogue?.attributes ?? copyOf;
  const router = useRouter();
  const remove = useDelete(page.root, page.noun);
  useCrumbs([{ label: catalogue?.attributes.name ?? "Create" }]);
  const labels: Record<keyof Values, string> = {
    name: "Name",
    short_description: "Short description",
    long_description: "Long description",
    icon: "Icon URL",
    items: page.items.label,
    tags: "Tags",
  };
  const entity = useEntityForm<Values, AnyCatalogue>({
    root: page.root,
    stored: catalogue && { resource: catalogue, etag: stored?.etag },
    valuesOf(attributes = copyOf) {
      if (!attributes) return { name: "", short_description: "", long_description: "", icon: "", items: [], tags: [] };
      return {
        name: attributes === copyOf ? `${attributes.name} copy` : attributes.name,
        short_description: attributes.short_description,
        long_description: attributes.long_description,
        icon: attributes.icon,
        items: page.itemsOf(attributes).map(({ id }) => id),
        tags: attributes.tags.map(({ id }) => id),
      };
    },
    labels,
    aliases: { [page.items.field]: "items" },
    attributesOf: ({ items, tags, name, ...values }) => ({
      ...values,
      name: name.trim(),
      [page.items.field]: items.map(Number),
      tags: tags.map(Number),
    }),
    check: ({ name }) => (name.trim() === "" ? { name: "Enter a name." } : {}),
    onSaved: ({ data }) => {
      toast(`${data.attributes.name} ${catalogue ? "saved" : "created"}`);
      return list;
    },
  });
  const { form } = entity;
  const isDefault = catalogue?.attributes.is_default === true;
  return (
    <>
      <PageHeader
        title={catalogue ? catalogue.attributes.name : `Create ${page.noun}`}
        lead={isDefault ? `Every new entry under ${page.items.label} is added here. Remove what not everyone may use.` : undefined}
        actions={
          catalogue && (
            <>
              <Button variant="default" component={Link} href={`${list}/new?clone=${catalogue.id}`}>
                Clone
              </Button>
              {!isDefault && (
                <Button variant="default" onClick={() => remove(catalogue.id, catalogue.attributes.name, () => router.push(list))}>
                  Delete {page.noun}
                </Button>
              )}
            </>
          )
        }
      />
      <FormLayout entity={entity} submitLabel={catalogue ? `Save ${page.noun}` : `Create ${page.noun}`} cancelHref={list}>
        <FormSection title="Catalogue" lead="Name and descriptions are shown in the portal.">
          <TextInput label={labels.name} required autoFocus={!catalogue} readOnly={isDefault} {...form.getInputProps("name")} />
          <TextInput label={labels.short_description} {...form.getInputProps("short_description")} />
          <Textarea label={labels.long_description} autosize minRows={3} maxRows={12} {...form.getInputProps("long_description")} />
          <TextInput label={labels.icon} placeholder="https://…" {...form.getInputProps("icon")} />
        </FormSection>
        <FormSection title="Contents" lead={`Members of the catalogue's groups can add these ${page.items.label} to their own apps.`}>
          <ManyPicker
            root={page.items.root}
            label={labels.items}
            placeholder="Select by name"
            selected={shown ? page.itemsOf(shown).map(({ id, name }) => ({ value: id, label: name })) : []}
            {...form.getInputProps("items")}
          />
          <ManyPicker
            root="tags"
            label={labels.tags}
            placeholder="Select by name"
            selected={shown?.tags.map((tag) => ({ value: tag.id, label: tag.attributes.name })) ?? []}
            {...form.getInputProps("tags")}
          />
        </FormSection>
      </FormLayout>
      {catalogue && <GroupsWithIt root={page.root} id={catalogue.id} />}
    </>
  );
}

function GroupsWithIt({ root, id }: { root: string; id: string }) {
  const { data, isPending } = useQuery<Dependents>(q(root, `/api/v1/${root}/${id}/dependents`));
  const rows = (data?.data ?? []).map((group) => ({ type: "groups", id: group.id, attributes: { name: group.name } }));
  return (
    <Section title="Groups" lead="Who the catalogue is for. Give it to more groups on their pages.">
      <PlainTable
        label="Groups"
        columns={[{ id: "name", header: "Name", value: (row) => row.attributes.name }]}
        rows={rows}
        loading={isPending}
        nothing="No group has this catalogue yet, so nobody sees it in the portal."
        href={(row) => `/admin/groups/${row.id}`}
      />
    </Section>
  );
}

/** Empty, or like the one whose id is to clone. */
export function CatalogueCreate({ kind, clone }: { kind: CataloguePageKey; clone: string | undefined }) {
  const { root, noun } = cataloguePages[kind];
  if (!clone) return <CatalogueForm kind={kind} />;
  return (
    <WithResource<AnyCatalogue> root={root} id={clone} noun={noun} back={`/admin/${root}`}>
      {({ attributes }) => <CatalogueForm kind={kind} copyOf={attributes} />}
    </WithResource>
  );
}

export function CatalogueEdit({ kind, id }: { kind: CataloguePageKey; id: string }) {
  const { root, noun } = cataloguePages[kind];
  return (
    <WithResource<AnyCatalogue> root={root} id={id} noun={noun} back={`/admin/${root}`}>
      {(catalogue, etag) => <CatalogueForm kind={kind} stored={{ catalogue, etag }} key={catalogue.id} />}
    </WithResource>
  );
}
