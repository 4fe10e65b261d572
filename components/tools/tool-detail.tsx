"use client";

import { Button, Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import Link from "next/link";
import { useRouter } from "next/navigation";
import type { Dependents } from "../../server/http/contract.ts";
import type { DefinitionAttributes } from "../../server/tools/contract/definition.ts";
import type { ToolAttributes } from "../../server/tools/contract.ts";
import { call, document } from "../api/http.ts";
import { api, q } from "../api/query.ts";
import type { One, Resource } from "../api/types.ts";
import { History } from "../history/history.tsx";
import { useCrumbs } from "../shell/crumbs.tsx";
import type { Column } from "../table/column.ts";
import { ApiPanel } from "../ui/api-panel.tsx";
import { useDelete } from "../ui/confirm.tsx";
import { Notice } from "../ui/notice.tsx";
import { Facts, PageHeader, Section } from "../ui/page.tsx";
import { PlainTable } from "../ui/plain-table.tsx";
import { TabSkeleton } from "../ui/tab-skeleton.tsx";
import { Ago } from "../ui/time.tsx";
import { toast, toastError } from "../ui/toast.tsx";
import { UrlTabs } from "../ui/url-tabs.tsx";
import { WithResource } from "../ui/with-resource.tsx";
import { ToolDependencies, ToolFiles } from "./tool-relations.tsx";
import { ToolState } from "./tool-state.tsx";
import { definitionOf } from "./try-operation.tsx";

// The code of a tab comes when somebody opens it.
const ToolOperations = dynamic(() => import("./tool-operations.tsx").then((module) => module.ToolOperations), { loading: TabSkeleton });
const TryOperation = dynamic(() => import("./try-operation.tsx").then((module) => module.TryOperation), { loading: TabSkeleton });

export function ToolDetail({ id }: { id: string }) {
  return (
    <WithResource<ToolAttributes> root="tools" id={id} noun="tool" back="/admin/tools">
      {(tool) => <Detail tool={tool} />}
    </WithResource>
  );
}

function Detail({ tool }: { tool: Resource<ToolAttributes> }) {
  const { attributes } = tool;
  const router = useRouter();
  const client = useQueryClient();
  const remove = useDelete("tools", "tool");
  useCrumbs([{ label: attributes.name }]);
  const toggle = useMutation({
    mutationFn: (active: boolean) => call<One<ToolAttributes>>("PATCH", `/api/v1/tools/${tool.id}`, document("tools", { active })),
    onSuccess: (saved) => {
      client.setQueryData(api.one("tools", tool.id).queryKey, saved);
      void client.invalidateQueries({ queryKey: ["tools"] });
      toast(saved.data.attributes.active ? `${attributes.name} activated` : `${attributes.name} deactivated`);
    },
    onError: (error) => toastError(`${attributes.name} was not changed`, error),
  });
  const clone = useMutation({
    mutationFn: () => call<One<ToolAttributes>>("POST", `/api/v1/tools/${tool.id}/clone`),
    onSuccess: ({ data }) => {
      void client.invalidateQueries({ queryKey: ["tools"] });
      toast(`${data.attributes.name} created, inactive`);
      router.push(`/admin/tools/${data.id}`);
    },
    onError: (error) => toastError(`${attributes.name} was not copied`, error),
  });
  return (
    <>
      <PageHeader
        title={attributes.name}
        state={<ToolState tool={attributes} />}
        lead={attributes.description.length > 240 ? `${attributes.description.slice(0, 240)}…` : attributes.description}
        actions={
          <>
            <Button variant="default" component={Link} href={`/admin/tools/${tool.id}/edit`}>
              Edit
            </Button>
            <Menu position="bottom-end">
              <Menu.Target>
                <Button variant="default" rightSection={<IconChevronDown size={15} aria-hidden />}>
                  More
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={() => toggle.mutate(!attributes.active)}>{attributes.active ? "Deactivate" : "Activate"}</Menu.Item>
                <Menu.Item onClick={() => clone.mutate()}>Clone</Menu.Item>
                <Menu.Item data-danger onClick={() => remove(tool.id, attributes.name, () => router.push("/admin/tools"))}>
                  Delete tool
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </>
        }
      />
      <UrlTabs
        label="Parts of this tool"
        tabs={[
          { id: "overview", label: "Overview", content: <Overview tool={tool} /> },
          { id: "operations", label: "Operations", content: <ToolOperations tool={tool} /> },
          { id: "try", label: "Try it", content: <TryOperation tool={tool} /> },
          { id: "history", label: "History", content: <History root="tools" type="tool" id={tool.id} /> },
          {
            id: "api",
            label: "API",
            content: (
              <ApiPanel
                path={`/api/v1/tools/${tool.id}`}
                resource={{ ...tool, attributes: { ...attributes, oas_spec: `${attributes.oas_spec.slice(0, 60)}…` } }}
                change={{ description: "For support" }}
              />
            ),
          },
        ]}
      />
    </>
  );
}

function Overview({ tool }: { tool: Resource<ToolAttributes> }) {
  const { attributes } = tool;
  const { data } = useQuery<One<DefinitionAttributes>>(definitionOf(tool.id));
  const definition = data?.data.attributes;
  const scheme = definition?.security_schemes.find(({ name }) => name === attributes.auth_schema_name);
  const server = definition?.servers[0] ?? "";
  const isCallable = attributes.base_url !== "" || /^https?:\/\//.test(server);
  return (
    <>
      <div style={{ marginBottom: 20 }}>
        <Notice tone="info" title="Not at gateways yet">
          Plugins with the permission to call tools can use it, and you can on the tab Try it. Apps cannot call tools through gateways yet.
        </Notice>
      </div>
      {definition && !isCallable && (
        <div style={{ marginBottom: 20 }}>
          <Notice
            tone="warn"
            title="No address to call"
            action={
              <Button size="xs" variant="default" component={Link} href={`/admin/tools/${tool.id}/edit`}>
                Set base URL
              </Button>
            }
          >
            The document names no server with a full address.
          </Notice>
        </div>
      )}
      <Facts
        rows={[
          ["Calls go to", <code key="base">{attributes.base_url || server || "nowhere yet"}</code>, "whole row"],
          ["Document", definition && `${definition.title} ${definition.document_version}`],
          ["Operations", definition && `${attributes.operations.length} of ${definition.operations.length} allowed`],
          ["Security scheme", attributes.auth_schema_name && `${attributes.auth_schema_name}${scheme ? ` (${scheme.type})` : ""}`],
          ["Key", attributes.has_auth_key ? "stored, not shown" : "none"],
          ["Privacy score", `${attributes.privacy_score} of 100`],
          ["Namespace", attributes.namespace || "every edge"],
          ["Created", <Ago key="created" at={attributes.created_at} />],
          ["Changed", <Ago key="changed" at={attributes.updated_at} />],
        ]}
      />
      <ToolDependencies tool={tool} />
      <ToolFiles tool={tool} />
      <ToolDependents tool={tool} />
    </>
  );
}

const dependentColumns: Column<{ type: string; name: string; effect: string }>[] = [
  { id: "name", header: "Name", value: (row) => row.attributes.name },
  { id: "type", header: "Kind", value: (row) => (row.attributes.type === "apps" ? "App" : "Tool") },
];

/** Apps that may call the tool, and tools that need it. */
function ToolDependents({ tool }: { tool: Resource<ToolAttributes> }) {
  const { data, isPending } = useQuery<Dependents>(q("tools", `/api/v1/tools/${tool.id}/dependents`));
  const rows = (data?.data ?? []).map((one) => ({ type: one.type, id: one.id, attributes: one }));
  return (
    <Section title="Used by">
      <PlainTable
        label="Used by"
        columns={dependentColumns}
        rows={rows}
        loading={isPending}
        href={(row) => `/admin/${row.attributes.type}/${row.id}`}
        nothing="No app may call this tool yet. Select it on an app's edit page."
      />
    </Section>
  );
}
