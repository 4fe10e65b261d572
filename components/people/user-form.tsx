"use client";

import { Button, PasswordInput, Switch, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import type { UserAttributes } from "../../server/users/contract.ts";
import type { Resource } from "../api/types.ts";
import { FormLayout, FormSection } from "../form/form-layout.tsx";
import { ManyPicker } from "../form/picker.tsx";
import { useEntityForm } from "../form/use-entity-form.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { useDelete } from "../ui/confirm.tsx";
import { PageHeader } from "../ui/page.tsx";
import { toast } from "../ui/toast.tsx";
import { WithResource } from "../ui/with-resource.tsx";

type Values = { name: string; email: string; password: string; is_admin: boolean; show_portal: boolean; groups: string[] };

const labels: Record<keyof Values, string> = {
  name: "Name",
  email: "E-mail",
  password: "Password",
  is_admin: "Administrator",
  show_portal: "Portal",
  groups: "Groups",
};

/** Creates a user, or changes `user`. */
export function UserForm({ user, etag }: { user?: Resource<UserAttributes>; etag?: string | undefined }) {
  const router = useRouter();
  const client = useQueryClient();
  const remove = useDelete("users", "user");
  useCrumbs([{ label: user ? user.attributes.name : "Create" }]);
  const groups = user?.attributes.groups ?? [];
  const entity = useEntityForm<Values, UserAttributes>({
    root: "users",
    stored: user && { resource: user, etag },
    valuesOf: (attributes) => ({
      name: attributes?.name ?? "",
      email: attributes?.email ?? "",
      password: "",
      is_admin: attributes?.is_admin ?? false,
      show_portal: attributes?.show_portal ?? true,
      groups: (attributes?.groups ?? []).map((group) => group.id),
    }),
    labels,
    attributesOf: ({ password, groups: selected, ...rest }) => ({
      ...rest,
      groups: selected.map(Number),
      ...(password === "" ? {} : { password }),
    }),
    check: (values) => ({
      ...(values.name.trim() === "" ? { name: "Enter a name." } : {}),
      ...(/^\S+@\S+$/.test(values.email.trim()) ? {} : { email: "Enter an e-mail address, e.g. kai@example.com." }),
    }),
    // To the API, an account without a password is one that signs in by other means.
    checkFirst: (values) => (!user && values.password === "" ? { password: "Enter a password." } : {}),
    onSaved: ({ data }) => {
      void client.invalidateQueries({ queryKey: ["groups"] });
      toast(`${data.attributes.name} ${user ? "saved" : "created"}`);
      return "/admin/users";
    },
  });
  const { form } = entity;
  return (
    <>
      <PageHeader
        title={user ? user.attributes.name : "Create user"}
        actions={
          user && (
            <Button variant="default" onClick={() => remove(user.id, user.attributes.name, () => router.push("/admin/users"))}>
              Delete user
            </Button>
          )
        }
      />
      <FormLayout entity={entity} submitLabel={user ? "Save user" : "Create user"} cancelHref="/admin/users">
        <FormSection title="Person" lead="People sign in with their e-mail and password.">
          <TextInput label="Name" required autoFocus={!user} autoComplete="off" {...form.getInputProps("name")} />
          <TextInput label="E-mail" type="email" required autoComplete="off" {...form.getInputProps("email")} />
          <PasswordInput
            label="Password"
            required={!user}
            description={
              user
                ? "Leave empty to keep the current password. A new one ends this person's sessions and revokes their API tokens."
                : "At least 8 characters, and hard to guess: not a common password, not their name or e-mail."
            }
            autoComplete="new-password"
            visibilityToggleButtonProps={{ "aria-label": "Show password" }}
            {...form.getInputProps("password")}
          />
        </FormSection>
        <FormSection title="Access" lead="Administrators can do everything here. The portal shows what a person's groups have access to.">
          <Switch label="Administrator" {...form.getInputProps("is_admin", { type: "checkbox" })} />
          <Switch label="Portal" {...form.getInputProps("show_portal", { type: "checkbox" })} />
          <ManyPicker
            root="groups"
            label="Groups"
            placeholder="Select groups"
            selected={groups.map((group) => ({ value: group.id, label: group.attributes.name }))}
            {...form.getInputProps("groups")}
          />
        </FormSection>
      </FormLayout>
    </>
  );
}

export function UserEdit({ id }: { id: string }) {
  return (
    <WithResource<UserAttributes> root="users" id={id} noun="user" back="/admin/users">
      {(user, etag) => <UserForm user={user} etag={etag} key={user.id} />}
    </WithResource>
  );
}
