"use client";

import { Button, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import type { GroupAttributes } from "../../server/groups/contract.ts";
import type { UserAttributes } from "../../server/users/contract.ts";
import { call, document } from "../api/http.ts";
import { q } from "../api/query.ts";
import type { List, One, Resource } from "../api/types.ts";
import { FormLayout, FormSection } from "../form/form-layout.tsx";
import { ManyPicker } from "../form/picker.tsx";
import { useEntityForm } from "../form/use-entity-form.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { useDelete } from "../ui/confirm.tsx";
import { Failure } from "../ui/notice.tsx";
import { PageHeader } from "../ui/page.tsx";
import { PageSkeleton } from "../ui/page-skeleton.tsx";
import { toast } from "../ui/toast.tsx";
import { WithResource } from "../ui/with-resource.tsx";

type Values = { name: string; members: string[] };

/** Creates a group, or changes `group` and who is in it. */
export function GroupForm({ group, members = [] }: { group?: Resource<GroupAttributes>; members?: Resource<UserAttributes>[] }) {
  const router = useRouter();
  const client = useQueryClient();
  const remove = useDelete("groups", "group");
  useCrumbs([{ label: group ? group.attributes.name : "Create" }]);
  const entity = useEntityForm<Values>({
    initial: { name: group?.attributes.name ?? "", members: members.map((member) => member.id) },
    check: (values) => (values.name.trim() === "" ? { name: "Give it a name; plugins refer to it by that." } : {}),
    save: async (values) => {
      // The default group holds everybody under a fixed name; only what differs is sent.
      const attributes = {
        ...(values.name.trim() === group?.attributes.name ? {} : { name: values.name.trim() }),
        ...(form.isDirty("members") || !group ? { members: values.members.map(Number) } : {}),
      };
      await call<One<GroupAttributes>>(
        group ? "PATCH" : "POST",
        group ? `/api/v1/groups/${group.id}` : "/api/v1/groups",
        document("groups", attributes),
      );
      void client.invalidateQueries({ queryKey: ["groups"] });
      void client.invalidateQueries({ queryKey: ["users"] });
      toast(`${values.name.trim()} saved`);
      router.push("/admin/groups");
    },
  });
  const { form } = entity;
  return (
    <>
      <PageHeader
        title={group ? group.attributes.name : "Create group"}
        actions={
          group &&
          !group.attributes.is_default && (
            <Button variant="default" onClick={() => remove(group.id, group.attributes.name, () => router.push("/admin/groups"))}>
              Delete group
            </Button>
          )
        }
      />
      <FormLayout entity={entity} submitLabel={group ? "Save group" : "Create group"} cancelHref="/admin/groups">
        <FormSection title="Group" lead="Plugins name groups by this name, so renaming one closes pages that name the old.">
          <TextInput
            label="Name"
            required
            autoFocus={!group}
            disabled={group?.attributes.is_default ?? false}
            {...(group?.attributes.is_default ? { description: "Everybody is in this group; it keeps its name." } : {})}
            {...form.getInputProps("name")}
          />
        </FormSection>
        {!group?.attributes.is_default && (
          <FormSection title="Members" lead="They see in the portal what is open to this group.">
            <ManyPicker
              root="users"
              label="People"
              placeholder="Choose by name or e-mail"
              chosen={members.map((member) => ({ value: member.id, label: `${member.attributes.name} · ${member.attributes.email}` }))}
              {...form.getInputProps("members")}
            />
          </FormSection>
        )}
      </FormLayout>
    </>
  );
}

export function GroupEdit({ id }: { id: string }) {
  return (
    <WithResource<GroupAttributes> root="groups" id={id} noun="group" back="/admin/groups">
      {(group) => <WithMembers group={group} key={group.id} />}
    </WithResource>
  );
}

function WithMembers({ group }: { group: Resource<GroupAttributes> }) {
  const members = useQuery<List<UserAttributes>>(q("groups", `/api/v1/groups/${group.id}/users?page_size=1000`));
  if (members.isPending) return <PageSkeleton />;
  if (members.error) return <Failure what="The group's members" error={members.error} retry={() => void members.refetch()} />;
  return <GroupForm group={group} members={members.data.data} />;
}
