"use client";

import { Button, Group, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { type ReactNode, useState } from "react";
import type { PluginMetadata } from "../../server/plugins/contract/operations.ts";
import type { PluginAttributes } from "../../server/plugins/contract.ts";
import { ApiError, call, messageOf } from "../api/http.ts";
import { api } from "../api/query.ts";
import type { One, Resource } from "../api/types.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { confirmAction } from "../ui/confirm.tsx";
import { Failure, Notice } from "../ui/notice.tsx";
import { PageHeader } from "../ui/page.tsx";
import { PageSkeleton } from "../ui/page-skeleton.tsx";
import { toast } from "../ui/toast.tsx";
import { useSearch } from "../ui/use-search.ts";
import { ConfigEditor } from "./config-editor.tsx";
import { HookPicker } from "./hook-picker.tsx";
import { HookList } from "./hooks.tsx";
import classes from "./install.module.css";
import { manifestText } from "./manifest.ts";
import { PluginStateLabel } from "./plugin-state.tsx";
import { ScopeList } from "./scopes.tsx";
import { PluginWarnings } from "./warnings.tsx";

/**
 * Installing in four steps. Once the plugin exists its id is in the address, so that the page can be left and found
 * again, and going back never makes a second one.
 */
export function InstallPlugin() {
  const id = useSearch().get("id");
  useCrumbs([{ label: "Install" }]);
  return (
    <>
      <PageHeader title="Install plugin" lead="Name the program, review its permissions, check its settings, and activate it." />
      {id ? <Installing id={id} /> : <Describe />}
    </>
  );
}

function Step({
  number,
  title,
  state,
  children,
}: {
  number: number;
  title: string;
  state: "done" | "now" | "later";
  children?: ReactNode;
}) {
  return (
    <section className={classes.step} data-state={state} aria-label={title} aria-current={state === "now" ? "step" : undefined}>
      <span className={classes.number} aria-hidden="true">
        {state === "done" ? "✓" : number}
      </span>
      <div className={classes.content}>
        <h2>{title}</h2>
        {children}
      </div>
    </section>
  );
}

const later = (titles: string[], from: number) =>
  titles.map((title, index) => <Step key={title} number={from + index} title={title} state="later" />);

function Describe() {
  const router = useRouter();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [command, setCommand] = useState("");
  const [description, setDescription] = useState("");
  const create = useMutation({
    mutationFn: () =>
      call<One<PluginAttributes>>("POST", "/api/v1/plugins", {
        name: name.trim(),
        command: command.trim(),
        description: description.trim(),
        is_active: false,
      }),
    onSuccess: (made) => {
      void client.invalidateQueries({ queryKey: ["plugins"] });
      router.replace(`/admin/plugins/new?id=${made.data.id}`);
    },
  });
  const issues = create.error instanceof ApiError ? create.error.issues : [];
  const at = (field: string) => issues.find((issue) => issue.field === field)?.detail;
  const general = create.error && !issues.some((issue) => ["name", "command", "description"].includes(issue.field));
  return (
    <div className={classes.steps}>
      <Step number={1} title="The program" state="now">
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate();
          }}
        >
          {general && (
            <Notice tone="bad" title="The plugin was not installed">
              {messageOf(create.error)}
            </Notice>
          )}
          <TextInput
            label="Name"
            required
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={at("name")}
            autoFocus
          />
          <CommandInput value={command} onChange={setCommand} error={at("command")} />
          <Textarea
            label="Description"
            autosize
            minRows={2}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
            error={at("description")}
          />
          <Group gap="xs">
            <Button type="submit" loading={create.isPending} disabled={name.trim() === "" || command.trim() === ""}>
              Review permissions
            </Button>
            <Button variant="default" component={Link} href="/admin/plugins">
              Cancel
            </Button>
          </Group>
        </form>
      </Step>
      {later(["Permissions", "Settings", "Activate"], 2)}
    </div>
  );
}

function CommandInput({ value, onChange, error }: { value: string; onChange: (value: string) => void; error?: ReactNode }) {
  return (
    <TextInput
      label="Command"
      description="An executable on the studio's machine and on every gateway's."
      placeholder="file:///opt/plugins/request-enricher/plugin.ts"
      required
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={error}
      styles={{ input: { fontFamily: "var(--portico-mono)", fontSize: 13 } }}
    />
  );
}

/** The manifest could not be read: correct the command and try again, or remove the plugin. */
function Unread({
  plugin,
  error,
  onRetry,
  onRemove,
}: {
  plugin: Resource<PluginAttributes>;
  error: unknown;
  onRetry: () => void;
  onRemove: () => void;
}) {
  const client = useQueryClient();
  const [command, setCommand] = useState(plugin.attributes.command);
  const [hooks, setHooks] = useState<string[]>([]);
  const needsHooks = lacksHooks(error);
  const correct = useMutation({
    mutationFn: async () => {
      const change = {
        ...(command.trim() === plugin.attributes.command ? {} : { command: command.trim() }),
        ...(hooks.length === 0 ? {} : { hook_types: hooks }),
      };
      if (Object.keys(change).length === 0) return;
      await call("PATCH", `/api/v1/plugins/${plugin.id}`, change);
      await client.invalidateQueries({ queryKey: ["plugins"] });
    },
    onSuccess: onRetry,
  });
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        correct.mutate();
      }}
    >
      {needsHooks ? (
        <Notice tone="info" title="The plugin does not say at which hooks it is called">
          Its manifest is missing or incomplete. Select its hooks here.
        </Notice>
      ) : (
        <Notice tone="bad" title={isAboutManifest(error) ? "Its manifest is not valid" : "The plugin did not start"}>
          {messageOf(error)}
        </Notice>
      )}
      {needsHooks && <HookPicker value={hooks} onChange={setHooks} />}
      <CommandInput value={command} onChange={setCommand} error={correct.error && messageOf(correct.error)} />
      <Group gap="xs">
        <Button type="submit" loading={correct.isPending} disabled={command.trim() === "" || (needsHooks && hooks.length === 0)}>
          {needsHooks ? "Use these hooks" : "Try again"}
        </Button>
        <Button variant="default" onClick={onRemove}>
          Remove plugin
        </Button>
      </Group>
    </form>
  );
}

const lacksHooks = (error: unknown): boolean => error instanceof ApiError && error.issues.some(({ field }) => field === "hook_types");
const isAboutManifest = (error: unknown): boolean => error instanceof ApiError && /^manifest\b/.test(error.issues[0]?.field ?? "");

function Installing({ id }: { id: string }) {
  const router = useRouter();
  const client = useQueryClient();
  const [configured, setConfigured] = useState(false);
  const plugin = useQuery<One<PluginAttributes>>({ ...api.one("plugins", id), refetchInterval: 2000 });
  const read = useQuery<{ data: PluginMetadata }>({
    queryKey: ["install", id],
    queryFn: () => call("POST", `/api/v1/plugins/${id}/validate-and-load`, {}),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    refetchOnWindowFocus: false,
  });
  const refresh = () => client.invalidateQueries({ queryKey: ["plugins"] });
  const approve = useMutation({
    mutationFn: (approval: string) => call("POST", `/api/v1/plugins/${id}/approve-scopes`, { approved: true, approval }),
    onSuccess: refresh,
    // It may have changed since it was read: the next review shows its permissions as they are now.
    onError: () => void read.refetch(),
  });
  const activate = useMutation({
    mutationFn: () => call("PATCH", `/api/v1/plugins/${id}`, { is_active: true }),
    onSuccess: () => {
      void refresh();
      toast(`${plugin.data?.data.attributes.name ?? "The plugin"} activated`);
      router.push(`/admin/plugins/${id}`);
    },
  });
  if (plugin.isPending) return <PageSkeleton />;
  if (plugin.error) return <Failure what="The plugin being installed" error={plugin.error} retry={() => void plugin.refetch()} />;
  const row: Resource<PluginAttributes> = plugin.data.data;
  const discard = (title: string, lead: string) =>
    confirmAction({
      title,
      lead,
      verb: "Deny and remove",
      run: async () => {
        await call("POST", `/api/v1/plugins/${id}/approve-scopes`, { approved: false }).catch(() => {});
        await call("DELETE", `/api/v1/plugins/${id}`);
      },
      onDone: () => {
        void refresh();
        router.push("/admin/plugins");
      },
    });

  const metadata = read.data?.data.attributes;
  const capabilities = metadata?.capabilities ?? [];
  const version = metadata ? manifestText(metadata.manifest, "version") : "";
  const pending = row.attributes.pending_capabilities;
  const nothingNew = metadata?.pending_capabilities.length === 0 || approve.isSuccess || pending.length === 0;
  const approved = metadata !== undefined && !read.isFetching && nothingNew;
  // The command is corrected below, where what is wrong with it is said.
  const cannotStart = read.error !== null && !read.isFetching && !lacksHooks(read.error) && !isAboutManifest(read.error);
  const again = row.attributes.granted_capabilities.length > 0;
  return (
    <div className={classes.steps}>
      <Step number={1} title="The program" state={cannotStart ? "now" : "done"}>
        <p>
          {row.attributes.name} {!cannotStart && <code className="quiet">{row.attributes.command}</code>}
        </p>
        <Button mt="xs" size="xs" variant="default" component={Link} href={`/admin/plugins/${id}/edit`}>
          Edit name and command
        </Button>
      </Step>
      <Step number={2} title="Permissions" state={approved ? "done" : cannotStart ? "later" : "now"}>
        {read.isFetching && (
          <p className="quiet" role="status">
            Starting the plugin to read its manifest…
          </p>
        )}
        {read.error && !read.isFetching && (
          <Unread
            plugin={row}
            error={read.error}
            onRetry={() => void read.refetch()}
            onRemove={() => discard("Remove plugin", "Its installation is not complete. The plugin is removed from the list.")}
          />
        )}
        {metadata && !read.isFetching && (
          <div className={classes.form}>
            <p>
              {manifestText(metadata.manifest, "name") || row.attributes.name} {version && <code>{version}</code>}. Hooks:{" "}
              <HookList hooks={metadata.hook_types} />
            </p>
            <PluginWarnings warnings={metadata.warnings} />
            {row.attributes.code_changed && (
              <Notice tone="warn" title="The program has changed since it was approved">
                Approve its permissions again: they were approved for the previous program.
              </Notice>
            )}
            <ScopeList capabilities={capabilities} {...(again ? { pending } : {})} />
            {approved && !approve.isSuccess && !again && (
              <p className="quiet">No permissions needed. Attaching the plugin to an LLM allows it to see that LLM's calls.</p>
            )}
            {approve.error && (
              <Notice tone="bad" title="The permissions were not approved">
                {messageOf(approve.error)}
              </Notice>
            )}
            {!approved && (
              <Group gap="xs">
                <Button loading={approve.isPending} onClick={() => approve.mutate(metadata.approval)}>
                  Approve permissions
                </Button>
                <Button
                  variant="default"
                  onClick={() => discard("Deny permissions", `${row.attributes.name} gets no permissions and is removed from the list.`)}
                >
                  Deny
                </Button>
              </Group>
            )}
          </div>
        )}
      </Step>
      <Step number={3} title="Settings" state={!approved ? "later" : configured ? "done" : "now"}>
        {approved && !configured && <ConfigEditor plugin={row} submitLabel="Save and continue" onSaved={() => setConfigured(true)} />}
        {approved && configured && (
          <Button variant="default" size="xs" mt="xs" onClick={() => setConfigured(false)}>
            Change settings
          </Button>
        )}
      </Step>
      <Step number={4} title="Activate" state={approved && configured ? "now" : "later"}>
        {approved && configured && (
          <div className={classes.form}>
            <p className="quiet">
              The plugin starts in the studio and on every gateway, and restarts after a crash. Status:{" "}
              <PluginStateLabel plugin={row.attributes} />
            </p>
            {activate.error && (
              <Notice tone="bad" title="The plugin was not activated">
                {messageOf(activate.error)}
              </Notice>
            )}
            <Group gap="xs">
              <Button loading={activate.isPending} onClick={() => activate.mutate()}>
                Activate plugin
              </Button>
              <Button variant="default" component={Link} href={`/admin/plugins/${id}`}>
                Keep inactive
              </Button>
            </Group>
          </div>
        )}
      </Step>
    </div>
  );
}
