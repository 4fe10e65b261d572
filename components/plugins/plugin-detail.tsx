"use client";

import { Button, Menu, Switch } from "@mantine/core";
import { isObjectHook } from "@portico/protocol/capabilities";
import { IconChevronDown } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import Link from "next/link";
import { useRouter } from "next/navigation";
import type { PluginAttributes, PluginResource } from "../../server/plugins/contract.ts";
import { call } from "../api/http.ts";
import type { Resource } from "../api/types.ts";
import { History } from "../history/history.tsx";
import { useCrumbs } from "../shell/crumbs.tsx";
import { usePluginSections } from "../shell/side-nav.tsx";
import { ApiPanel } from "../ui/api-panel.tsx";
import { CodeBlock } from "../ui/code.tsx";
import { confirmAction, useDelete } from "../ui/confirm.tsx";
import { Notice } from "../ui/notice.tsx";
import { Facts, PageHeader, Section } from "../ui/page.tsx";
import { TabSkeleton } from "../ui/tab-skeleton.tsx";
import { Ago } from "../ui/time.tsx";
import { toast, toastError } from "../ui/toast.tsx";
import { UrlTabs } from "../ui/url-tabs.tsx";
import { WithResource } from "../ui/with-resource.tsx";
import { ConfigEditor } from "./config-editor.tsx";
import { EdgePayloads } from "./edge-payloads.tsx";
import { HookList, isGatewayHook } from "./hooks.tsx";
import { manifestText } from "./manifest.ts";
import { ObjectHooks } from "./object-hooks.tsx";
import { ObjectReach } from "./plugin-reach.tsx";
import { DevMark, isWaiting, PluginStateLabel } from "./plugin-state.tsx";
import { Processes } from "./processes.tsx";
import { ScopeList } from "./scopes.tsx";
import { PluginWarnings } from "./warnings.tsx";

const Schedules = dynamic(() => import("./schedules.tsx").then((module) => module.Schedules), { loading: TabSkeleton });
const LogViewer = dynamic(() => import("./log-viewer.tsx").then((module) => module.LogViewer), { loading: TabSkeleton });

/** A plugin with the LLMs that it is attached to. */
type WithLlms = Resource<PluginAttributes> & Pick<PluginResource, "relationships">;

const noticeTitles: Record<string, string> = {
  failed: "The plugin is not running",
  healthy: "The last change was not applied; the plugin runs as before",
};

export function PluginDetail({ id }: { id: string }) {
  return (
    <WithResource<PluginAttributes> root="plugins" id={id} noun="plugin" back="/admin/plugins" refetchMs={3000}>
      {(plugin, etag) => <Detail plugin={plugin} etag={etag} />}
    </WithResource>
  );
}

function Detail({ plugin, etag }: { plugin: WithLlms; etag: string | undefined }) {
  const { attributes } = plugin;
  const version = manifestText(attributes.manifest, "version");
  const router = useRouter();
  const client = useQueryClient();
  const remove = useDelete("plugins", "plugin");
  useCrumbs([{ label: attributes.name }]);
  const refresh = () => client.invalidateQueries({ queryKey: ["plugins"] });
  const patch = useMutation({
    mutationFn: (change: Partial<PluginAttributes>) => call("PATCH", `/api/v1/plugins/${plugin.id}`, change),
    onSuccess: () => void refresh(),
    onError: (error) => toastError(`${attributes.name} stays as it is`, error),
  });
  const reload = useMutation({
    mutationFn: () => call<{ message: string }>("POST", `/api/v1/plugins/${plugin.id}/reload`),
    onSuccess: ({ message }) => {
      toast(message);
      void refresh();
    },
    onError: (error) => toastError(`${attributes.name} did not reload`, error),
  });
  const waiting = isWaiting(attributes);
  const suppliesPages = (attributes.hook_types ?? []).some((hook) => hook === "studio_ui" || hook === "portal_ui");

  const trust = (ui_trusted: boolean) => {
    if (!ui_trusted) return patch.mutate({ ui_trusted });
    confirmAction({
      title: "Trust pages",
      lead: `Pages of ${attributes.name} will run inside the dashboard itself and can do whatever you can do in it. Trust only code that you have read or whose author you trust.`,
      verb: "Trust pages",
      run: () => call("PATCH", `/api/v1/plugins/${plugin.id}`, { ui_trusted: true }),
      onDone: () => void refresh(),
    });
  };

  return (
    <>
      <PageHeader
        title={attributes.name}
        state={
          <>
            <PluginStateLabel plugin={attributes} /> {attributes.dev && <DevMark />}
          </>
        }
        lead={attributes.description}
        actions={
          <>
            <Button variant="default" component={Link} href={`/admin/plugins/${plugin.id}/edit`}>
              Edit
            </Button>
            <Button variant="default" loading={reload.isPending} disabled={!attributes.is_active} onClick={() => reload.mutate()}>
              Reload
            </Button>
            <Menu position="bottom-end">
              <Menu.Target>
                <Button variant="default" rightSection={<IconChevronDown size={15} aria-hidden />}>
                  More
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={() => patch.mutate({ is_active: !attributes.is_active })}>
                  {attributes.is_active ? "Deactivate" : "Activate"}
                </Menu.Item>
                <Menu.Item data-danger onClick={() => remove(plugin.id, attributes.name, () => router.push("/admin/plugins"))}>
                  Delete plugin
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </>
        }
      />
      {(attributes.state_error || waiting || attributes.warnings.length > 0) && (
        <div style={{ display: "grid", gap: 8, marginBottom: 20 }}>
          {waiting && (
            <Notice
              tone="warn"
              title={attributes.code_changed ? "The program has changed since it was approved" : "Permissions are waiting for approval"}
              action={
                <Button size="xs" component={Link} href={`/admin/plugins/new?id=${plugin.id}`}>
                  Review permissions
                </Button>
              }
            >
              {withoutApproval(attributes.pending_capabilities)}
            </Notice>
          )}
          {attributes.state_error && attributes.is_active && (
            <Notice
              tone={attributes.state === "failed" ? "bad" : "warn"}
              title={noticeTitles[attributes.state] ?? "The plugin is not responding as expected"}
              action={
                <Button size="xs" variant="default" component={Link} href={`/admin/plugins/new?id=${plugin.id}`}>
                  Read manifest again
                </Button>
              }
            >
              {attributes.state_error}
            </Notice>
          )}
          <PluginWarnings warnings={attributes.warnings} />
        </div>
      )}
      <UrlTabs
        label="Parts of this plugin"
        tabs={[
          {
            id: "overview",
            label: "Overview",
            content: (
              <>
                <Facts
                  rows={[
                    ["Hooks", <HookList key="hooks" hooks={attributes.hook_types ?? []} />, "whole row"],
                    ["Command", <code key="command">{attributes.command}</code>, "whole row"],
                    ["Checksum", attributes.checksum && <code key="sum">{attributes.checksum}</code>, "whole row"],
                    ["Version", version && <code key="version">{version}</code>],
                    ["Slug", <code key="slug">{attributes.slug}</code>],
                    [
                      "Restarts",
                      <span className="num" key="restarts">
                        {attributes.restarts}
                      </span>,
                    ],
                    ["Namespace", attributes.namespace || "every edge"],
                    [
                      "Isolation",
                      attributes.isolation && [isolations[attributes.isolation], attributes.isolation_note].filter(Boolean).join(". "),
                      "whole row",
                    ],
                    ["Installed", <Ago key="created" at={attributes.created_at} />],
                    ["Changed", <Ago key="changed" at={attributes.updated_at} />],
                  ]}
                />
                <Section title="Processes">
                  <Processes id={plugin.id} />
                </Section>
                <EdgePayloads pluginId={plugin.id} />
                {suppliesPages && (
                  <Section
                    title="Pages"
                    lead="A plugin's pages run in an isolated frame that cannot reach the dashboard, unless you trust them."
                  >
                    <Switch
                      label="Trust pages"
                      description="Trusted pages run inside the dashboard, with your permissions."
                      checked={attributes.ui_trusted}
                      onChange={(event) => trust(event.currentTarget.checked)}
                    />
                    <OwnPages id={plugin.id} />
                  </Section>
                )}
                {(attributes.hook_types ?? []).some(isGatewayHook) && (
                  <Section title="Attached LLMs">
                    <AttachedLlms plugin={plugin} />
                  </Section>
                )}
                {attributes.capabilities.some(isObjectHook) && (
                  <Section title="Objects">
                    <ObjectReach plugin={attributes} />
                  </Section>
                )}
              </>
            ),
          },
          { id: "settings", label: "Settings", content: <ConfigEditor plugin={plugin} etag={etag} />, keeps: true },
          {
            id: "access",
            label: "Access",
            content:
              attributes.capabilities.length === 0 ? (
                <p className="quiet">This plugin needs no permissions.</p>
              ) : (
                <>
                  <ScopeList capabilities={attributes.capabilities} pending={attributes.pending_capabilities} />
                  <Section title="Enforcement">
                    <Facts rows={[["Program hash", attributes.code_hash && <code key="code">{attributes.code_hash}</code>, "whole row"]]} />
                  </Section>
                  <ObjectHooks pluginId={plugin.id} />
                </>
              ),
          },
          { id: "schedules", label: "Schedules", content: <Schedules pluginId={plugin.id} /> },
          { id: "log", label: "Log", content: <LogViewer id={plugin.id} name={attributes.slug} /> },
          {
            id: "manifest",
            label: "Manifest",
            content: <CodeBlock what="manifest" code={JSON.stringify(attributes.manifest ?? {}, null, 2)} maxHeight={640} />,
          },
          { id: "history", label: "History", content: <History root="plugins" type="plugin" id={plugin.id} /> },
          {
            id: "api",
            label: "API",
            content: <ApiPanel path={`/api/v1/plugins/${plugin.id}`} resource={plugin} change={{ is_active: false }} />,
          },
        ]}
      />
    </>
  );
}

const isolations = { user: "A dedicated system user", namespace: "Dedicated namespaces", none: "None: runs as the studio's user" };

/** What does not work until an administrator approves the pending permissions. */
function withoutApproval(pending: string[]): string {
  const has = (test: (capability: string) => boolean) => pending.some(test);
  const lost = [
    ...(has(isObjectHook) ? ["object hooks do not run"] : []),
    ...(has((one) => one === "studio_ui" || one === "portal_ui") ? ["its pages are not shown"] : []),
    ...(has((one) => one.startsWith("rpc:")) ? ["calls from its pages are rejected"] : []),
    ...(has(isGatewayHook) ? ["its new gateway hooks do not run"] : []),
    ...(has((one) => one.includes(".") && !isObjectHook(one) && !one.startsWith("rpc:")) ? ["its calls to the studio are rejected"] : []),
  ];
  return `Until they are approved, ${new Intl.ListFormat("en-GB").format(lost) || "the plugin is not called"}.`;
}

/** Links to the dashboard pages of a plugin that are in the menu. */
function OwnPages({ id }: { id: string }) {
  const pages = usePluginSections("admin")
    .filter((section) => String(section.plugin_id) === id)
    .flatMap((section) => section.sub_items);
  if (pages.length === 0) return null;
  return (
    <ul style={{ margin: "12px 0 0", paddingLeft: 18, lineHeight: "26px" }}>
      {pages.map((page) => (
        <li key={page.id}>
          <Link href={page.path}>{page.text}</Link>
        </li>
      ))}
    </ul>
  );
}

function AttachedLlms({ plugin }: { plugin: WithLlms }) {
  const llms = plugin.relationships?.llms?.data ?? [];
  if (llms.length === 0) return <p className="quiet">Not attached to any LLM. Attach it on an LLM's page, under Plugins.</p>;
  return (
    <ul style={{ margin: 0, paddingLeft: 18, lineHeight: "26px" }}>
      {llms.map((llm) => (
        <li key={llm.id}>
          <Link href={`/admin/llms/${llm.id}?tab=plugins`}>{llm.attributes.name}</Link>
        </li>
      ))}
    </ul>
  );
}
