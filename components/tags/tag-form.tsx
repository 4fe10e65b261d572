"use client";

import { Button, TextInput } from "@mantine/core";
import { useRouter } from "next/navigation";
import type { TagAttributes } from "../../server/tags/contract.ts";
import type { Resource } from "../api/types.ts";
import { FormLayout, FormSection } from "../form/form-layout.tsx";
import { useEntityForm } from "../form/use-entity-form.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { useDelete } from "../ui/confirm.tsx";
import { PageHeader } from "../ui/page.tsx";
import { toast } from "../ui/toast.tsx";
import { WithResource } from "../ui/with-resource.tsx";

type Values = { name: string };

const labels: Record<keyof Values, string> = { name: "Name" };

/** Creates a tag, or renames `tag`. */
export function TagForm({ tag, etag }: { tag?: Resource<TagAttributes>; etag?: string | undefined }) {
  const router = useRouter();
  const remove = useDelete("tags", "tag");
  useCrumbs([{ label: tag ? tag.attributes.name : "Create" }]);
  const entity = useEntityForm<Values, TagAttributes>({
    root: "tags",
    stored: tag && { resource: tag, etag },
    valuesOf: (attributes) => ({ name: attributes?.name ?? "" }),
    labels,
    attributesOf: ({ name }) => ({ name: name.trim() }),
    check: ({ name }) => (name.trim() === "" ? { name: "Enter a name." } : {}),
    onSaved: ({ data }) => {
      toast(`${data.attributes.name} ${tag ? "saved" : "created"}`);
      return "/admin/tags";
    },
  });
  return (
    <>
      <PageHeader
        title={tag ? tag.attributes.name : "Create tag"}
        actions={
          tag && (
            <Button variant="default" onClick={() => remove(tag.id, tag.attributes.name, () => router.push("/admin/tags"))}>
              Delete tag
            </Button>
          )
        }
      />
      <FormLayout entity={entity} submitLabel={tag ? "Save tag" : "Create tag"} cancelHref="/admin/tags">
        <FormSection title="Tag" lead="Keep it short. What carries the tag shows its new name at once.">
          <TextInput
            label={labels.name}
            description="At most 120 characters. Names need not be unique: a lookup by name finds the oldest."
            placeholder="personal data"
            required
            autoFocus={!tag}
            {...entity.form.getInputProps("name")}
          />
        </FormSection>
      </FormLayout>
    </>
  );
}

export function TagEdit({ id }: { id: string }) {
  return (
    <WithResource<TagAttributes> root="tags" id={id} noun="tag" back="/admin/tags">
      {(tag, etag) => <TagForm tag={tag} etag={etag} key={tag.id} />}
    </WithResource>
  );
}
