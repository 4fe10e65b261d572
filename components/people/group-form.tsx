"use client";

import { Button, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import type { GroupAttributes } from "../../server/groups/contract.ts";
import type { UserAttributes } from "../../server/users/contract.ts";
import { q } from "../api/query.ts";
import type { List, Resource } from "../api/types.ts";
import { FormLayout, FormSection } from "../form/form-layout.tsx";
import { ManyPicker } from "../form/picker.tsx";
import { useEntityForm } from "../form/use-entity-form.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import type { Column } from "../table/column.ts";
import { useDelete } from "../ui/confirm.tsx";
import { Failure } from "../ui/notice.tsx";
import { PageHeader, Section } from "../ui/page.tsx";
import { PageSkeleton } from "../ui/page-skeleton.tsx";
import { PlainTable } from "../ui/plain-table.tsx";
import { toast } from "../ui/toast.tsx";
import { WithResource } from "../ui/with-resource.tsx";
import { accessAttributesOf, accessLabels, accessValuesOf, GroupAccess, type GroupAccessValues } from "./group-access.tsx";

type Values = { name: string; members: string[] } & GroupAccessValues;

const labels: Record<keyof Values, string> = { name: "Name", members: "Members", ...accessLabels };

/** Creates a group, or changes `group` and who is in it. */
export function GroupForm({
  group,
  etag,
  members = [],
}: {
  group?: Resource<GroupAttributes>;
  etag?: string | undefined;
  members?: Resource<UserAttributes>[];
}) {
  const router = useRouter();
  const client = useQueryClient();
  const remove = useDelete("groups", "group");
  useCrumbs([{ label: group ? group.attributes.name : "Create" }]);
  const entity = useEntityForm<Values, GroupAttributes>({
    root: "groups",
    stored: group && { resource: group, etag },
    valuesOf: (attributes) => ({
      name: attributes?.name ?? "",
      members: members.map((member) => member.id),
      ...accessValuesOf(attributes),
    }),
    labels,
    attributesOf: (values) => ({
      name: values.name.trim(),
      members: values.members.map(Number),
      ...accessAttributesOf(values),
    }),
    check: (values) => (values.name.trim() === "" ? { name: "Enter a name. Plugins refer to the group by it." } : {}),
    onSaved: ({ data }) => {
      void client.invalidateQueries({ queryKey: ["users"] });
      toast(`${data.attributes.name} saved`);
      return "/admin/groups";
    },
  });
  const { form } = entity;
  return (
    <>
      <PageHeader
        title={group ? group.attributes.name : "Create group"}
        actions={
          group && (
            <Button variant="default" onClick={() => remove(group.id, group.attributes.name, () => router.push("/admin/groups"))}>
              Delete group
            </Button>
          )
        }
      />
      <FormLayout entity={entity} submitLabel={group ? "Save group" : "Create group"} cancelHref="/admin/groups">
        <FormSection title="Group" lead="Plugins refer to groups by name: after renaming, update the plugins that use the old name.">
          <TextInput label="Name" required autoFocus={!group} {...form.getInputProps("name")} />
        </FormSection>
        <FormSection title="Members" lead="Members see in the portal what this group has access to.">
          <ManyPicker
            root="users"
            label="People"
            placeholder="Select by name or e-mail"
            selected={members.map((member) => ({ value: member.id, label: `${member.attributes.name} · ${member.attributes.email}` }))}
            {...form.getInputProps("members")}
          />
        </FormSection>
        <GroupAccess group={group} form={form} />
      </FormLayout>
    </>
  );
}

export function GroupEdit({ id }: { id: string }) {
  return (
    <WithResource<GroupAttributes> root="groups" id={id} noun="group" back="/admin/groups">
      {(group, etag) => <WithMembers group={group} etag={etag} key={group.id} />}
    </WithResource>
  );
}

function WithMembers({ group, etag }: { group: Resource<GroupAttributes>; etag: string | undefined }) {
  const members = useQuery<List<UserAttributes>>(q("groups", `/api/v1/groups/${group.id}/users?page_size=1000`));
  if (members.isPending) return <PageSkeleton />;
  if (members.error) return <Failure what="The group's members" error={members.error} retry={() => void members.refetch()} />;
  const rows = members.data.data;
  return group.attributes.is_default ? (
    <DefaultGroup group={group} etag={etag} members={rows.slice(0, shownMembers)} total={members.data.meta.total_count} />
  ) : (
    <GroupForm group={group} etag={etag} members={rows} />
  );
}

const memberColumns: Column<UserAttributes>[] = [
  { id: "name", header: "Name", value: (row) => row.attributes.name },
  { id: "email", header: "E-mail", value: (row) => row.attributes.email },
];

const shownMembers = 200;

/** The group that everyone is in: only what members may use can be changed. */
function DefaultGroup({
  group,
  etag,
  members,
  total,
}: {
  group: Resource<GroupAttributes>;
  etag: string | undefined;
  members: Resource<UserAttributes>[];
  total: number;
}) {
  const entity = useEntityForm<GroupAccessValues, GroupAttributes>({
    root: "groups",
    stored: { resource: group, etag },
    valuesOf: accessValuesOf,
    labels: accessLabels,
    attributesOf: accessAttributesOf,
    onSaved: ({ data }) => {
      toast(`${data.attributes.name} saved`);
      return "/admin/groups";
    },
  });
  useCrumbs([{ label: group.attributes.name }]);
  return (
    <>
      <PageHeader title={group.attributes.name} lead="Everyone is in this group. It cannot be renamed or deleted." />
      <FormLayout entity={entity} submitLabel="Save group" cancelHref="/admin/groups">
        <GroupAccess group={group} form={entity.form} />
      </FormLayout>
      <Section title="Members" lead={members.length < total ? `The first ${members.length} of ${total}.` : undefined}>
        <PlainTable
          label="Members"
          columns={memberColumns}
          rows={members}
          nothing="No members yet."
          href={(row) => `/admin/users/${row.id}`}
        />
      </Section>
    </>
  );
}
