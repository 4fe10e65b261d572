"use client";

import { Button, Group, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { AuditAttributes } from "../../server/audit/contract.ts";
import type { BuildPreview } from "../../server/plugins/contract/operations.ts";
import type { PluginAttributes } from "../../server/plugins/contract.ts";
import { call, messageOf } from "../api/http.ts";
import { q, rowsOf, withParams } from "../api/query.ts";
import type { List, Resource } from "../api/types.ts";
import { FormLayout, FormSection } from "../form/form-layout.tsx";
import { useEntityForm } from "../form/use-entity-form.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { Notice } from "../ui/notice.tsx";
import { Facts, PageHeader } from "../ui/page.tsx";
import { toast } from "../ui/toast.tsx";
import { WithResource } from "../ui/with-resource.tsx";

export function PluginEdit({ id }: { id: string }) {
  return (
    <WithResource<PluginAttributes> root="plugins" id={id} noun="plugin" back="/admin/plugins">
      {(plugin, etag) => <PluginForm plugin={plugin} etag={etag} key={plugin.id} />}
    </WithResource>
  );
}

type Values = { name: string; description: string; command: string };

const labels: Record<keyof Values, string> = { name: "Name", description: "Description", command: "Command" };

/** Changes what an installed plugin is called, and which build of it runs. */
function PluginForm({ plugin, etag }: { plugin: Resource<PluginAttributes>; etag: string | undefined }) {
  const { attributes } = plugin;
  useCrumbs([{ label: attributes.name, href: `/admin/plugins/${plugin.id}` }, { label: "Edit" }]);
  const [installed] = useState(attributes.command);
  const entity = useEntityForm<Values, PluginAttributes>({
    root: "plugins",
    stored: { resource: plugin, etag },
    valuesOf: (stored) => ({
      name: stored?.name ?? "",
      description: stored?.description ?? "",
      command: stored?.command ?? "",
    }),
    labels,
    attributesOf: (values) => ({
      name: values.name.trim(),
      description: values.description.trim(),
      command: values.command.trim(),
      // Another build is read before it takes over: one that cannot be read changes nothing.
      load_immediately: values.command.trim() !== installed,
    }),
    checkFirst: (values) => ({
      ...(values.name.trim() === "" ? { name: "Enter a name." } : {}),
      ...(values.command.trim() === "" ? { command: "Enter the path of the plugin's executable." } : {}),
    }),
    onSaved: ({ data }) => {
      const waits = data.attributes.command !== installed && data.attributes.pending_capabilities.length > 0;
      toast(`${data.attributes.name} saved`, waits ? "Review the permissions of the new build next." : undefined);
      return waits ? `/admin/plugins/new?id=${plugin.id}` : `/admin/plugins/${plugin.id}`;
    },
  });
  const { form } = entity;
  const command = form.getValues().command.trim();
  return (
    <>
      <PageHeader title={`Edit ${attributes.name}`} />
      <FormLayout entity={entity} submitLabel="Save plugin" cancelHref={`/admin/plugins/${plugin.id}`}>
        <FormSection title="The plugin" lead="How it is shown in lists and logs.">
          <TextInput label="Name" required {...form.getInputProps("name")} />
          <Textarea label="Description" autosize minRows={2} maxRows={10} {...form.getInputProps("description")} />
        </FormSection>
        <FormSection
          title="Build"
          lead="To upgrade, enter the path of the new build. It takes over when you save; the stored settings and data stay."
        >
          <TextInput
            label="Command"
            description="An executable on the studio's machine and on every gateway's."
            required
            styles={{ input: { fontFamily: "var(--portico-mono)", fontSize: 13 } }}
            {...form.getInputProps("command")}
          />
          <EarlierBuilds id={plugin.id} current={command} choose={(earlier) => form.setFieldValue("command", earlier)} />
          <BuildCheck id={plugin.id} command={command} isOther={command !== attributes.command} key={command} />
        </FormSection>
      </FormLayout>
    </>
  );
}

/** The builds that ran before, to go back to. */
function EarlierBuilds({ id, current, choose }: { id: string; current: string; choose: (command: string) => void }) {
  const { data } = useQuery<List<AuditAttributes>>(
    q("plugins", withParams("/api/v1/audit-log", { object_type: "plugin", object_id: id, page_size: 100 })),
  );
  const earlier = rowsOf(data).flatMap(({ attributes }) =>
    attributes.changes.flatMap(({ field, before }) => (field === "command" && typeof before === "string" ? [before] : [])),
  );
  const choices = [...new Set(earlier)].filter((command) => command !== current).slice(0, 3);
  if (choices.length === 0) return null;
  return (
    <div>
      <p className="quiet">Earlier builds</p>
      {choices.map((command) => (
        <Group gap="xs" key={command} wrap="nowrap">
          <code className="truncate">{command}</code>
          <Button size="compact-xs" variant="default" onClick={() => choose(command)} aria-label={`Use ${command}`}>
            Use
          </Button>
        </Group>
      ))}
    </div>
  );
}

const listed = (capabilities: string[]) => capabilities.length > 0 && <code>{capabilities.join("  ")}</code>;

/** What another build would change, asked before it takes over. */
function BuildCheck({ id, command, isOther }: { id: string; command: string; isOther: boolean }) {
  const [asked, setAsked] = useState(false);
  const check = useMutation({
    mutationFn: () => call<{ data: BuildPreview }>("POST", `/api/v1/plugins/${id}/preview`, { command }),
    onMutate: () => setAsked(true),
  });
  const found = check.data?.data.attributes;
  return (
    <div style={{ display: "grid", gap: 12 }}>
      <Group>
        <Button variant="default" loading={check.isPending} disabled={command === "" || (!isOther && asked)} onClick={() => check.mutate()}>
          Check this build
        </Button>
      </Group>
      {check.error && (
        <Notice tone="bad" title="This build cannot be used">
          {messageOf(check.error)}
        </Notice>
      )}
      {found && (
        <>
          {found.setting_issues.length > 0 && (
            <Notice tone="warn" title="The stored settings do not fit this build">
              {found.setting_issues.map(({ field, message }) => `${field.replace(/^config\./, "")} ${message}`).join("; ")}. It waits for
              settings that do.
            </Notice>
          )}
          {found.needs_approval.length > 0 ? (
            <Notice tone="warn" title="This build needs your approval after it takes over">
              Until you approve its permissions, it can do nothing that needs them.
            </Notice>
          ) : (
            <Notice tone="good" title="This build can take over as it is">
              It needs no new approval.
            </Notice>
          )}
          <Facts
            rows={[
              ["Version", found.version && <code key="version">{found.version}</code>],
              ["Hooks", found.hook_types.join(", ")],
              ["New permissions", listed(found.added), "whole row"],
              ["Dropped permissions", listed(found.removed), "whole row"],
              ["Program hash", found.code_hash && <code key="hash">{found.code_hash}</code>, "whole row"],
            ]}
          />
        </>
      )}
    </div>
  );
}
