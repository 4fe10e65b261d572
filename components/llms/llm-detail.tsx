"use client";

import { Button, Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import Link from "next/link";
import { useRouter } from "next/navigation";
import type { LlmAttributes } from "../../server/llms/contract.ts";
import type { FrontendConfig } from "../../server/system/contract.ts";
import { call, document } from "../api/http.ts";
import { api } from "../api/query.ts";
import type { One, Resource } from "../api/types.ts";
import { RecentCalls } from "../calls/recent-calls.tsx";
import { History } from "../history/history.tsx";
import { useCrumbs } from "../shell/crumbs.tsx";
import { ApiPanel } from "../ui/api-panel.tsx";
import { CopyLine } from "../ui/code.tsx";
import { useDelete } from "../ui/confirm.tsx";
import { formatMoney } from "../ui/format.ts";
import { Notice } from "../ui/notice.tsx";
import { Facts, PageHeader, Section } from "../ui/page.tsx";
import { TabSkeleton } from "../ui/tab-skeleton.tsx";
import { Ago } from "../ui/time.tsx";
import { toast, toastError } from "../ui/toast.tsx";
import { UrlTabs } from "../ui/url-tabs.tsx";
import { WithResource } from "../ui/with-resource.tsx";
import { ConnectionCheck } from "./connection-check.tsx";
import { LlmApps } from "./llm-apps.tsx";
import { LlmState } from "./llm-state.tsx";
import { vendorLabel } from "./vendors.ts";

// The code of a tab comes when somebody opens it.
const LlmPlugins = dynamic(() => import("./llm-plugins.tsx").then((module) => module.LlmPlugins), { loading: TabSkeleton });
const TryIt = dynamic(() => import("./try-it.tsx").then((module) => module.TryIt), { loading: TabSkeleton });

export function LlmDetail({ id }: { id: string }) {
  return (
    <WithResource<LlmAttributes> root="llms" id={id} noun="LLM" back="/admin/llms">
      {(llm) => <Detail llm={llm} />}
    </WithResource>
  );
}

function Detail({ llm }: { llm: Resource<LlmAttributes> }) {
  const { attributes } = llm;
  const router = useRouter();
  const client = useQueryClient();
  const remove = useDelete("llms", "LLM");
  useCrumbs([{ label: attributes.name }]);
  const { data: config } = useQuery<FrontendConfig>(api.config);
  const toggle = useMutation({
    mutationFn: (active: boolean) => call<One<LlmAttributes>>("PATCH", `/api/v1/llms/${llm.id}`, document("llms", { active })),
    onSuccess: (saved) => {
      client.setQueryData(api.one("llms", llm.id).queryKey, saved);
      void client.invalidateQueries({ queryKey: ["llms"] });
      toast(saved.data.attributes.active ? `${attributes.name} activated` : `${attributes.name} deactivated`);
    },
    onError: (error) => toastError(`${attributes.name} was not changed`, error),
  });
  const gateway = config && attributes.slug ? `${config.proxyURL}/llm/call/${attributes.slug}` : null;
  return (
    <>
      <PageHeader
        title={attributes.name}
        state={<LlmState llm={attributes} />}
        lead={attributes.short_description}
        actions={
          <>
            <Button variant="default" component={Link} href={`/admin/llms/${llm.id}/edit`}>
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
                <Menu.Item data-danger onClick={() => remove(llm.id, attributes.name, () => router.push("/admin/llms"))}>
                  Delete LLM
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </>
        }
      />
      {!attributes.has_api_key && (
        <div style={{ marginBottom: 20 }}>
          <Notice
            tone="info"
            title="No API key is stored"
            action={
              <Button size="xs" variant="default" component={Link} href={`/admin/llms/${llm.id}/edit`}>
                Add API key
              </Button>
            }
          >
            Calls go to the vendor without a key. Most vendors reject them; your own endpoint may not need one.
          </Notice>
        </div>
      )}
      <UrlTabs
        label="Parts of this LLM"
        tabs={[
          {
            id: "overview",
            label: "Overview",
            content: (
              <>
                <div style={{ marginBottom: 20 }}>
                  <ConnectionCheck draft={{ llm_id: Number(llm.id) }} />
                </div>
                <Facts
                  rows={[
                    ["Endpoint", <code key="endpoint">{attributes.api_endpoint || "the vendor's own"}</code>, "whole row"],
                    ["Gateway path", gateway && <CopyLine key="gateway" value={gateway} what="gateway path" />, "whole row"],
                    ["Vendor", vendorLabel(attributes.vendor)],
                    ["API key", attributes.api_key_reference || (attributes.has_api_key ? "stored, not shown" : "none")],
                    ["Default model", attributes.default_model && <code key="model">{attributes.default_model}</code>],
                    [
                      "Allowed models",
                      attributes.allowed_models?.length ? <code key="allowed">{attributes.allowed_models.join("  ")}</code> : "every model",
                    ],
                    [
                      "Allowed endpoints",
                      attributes.allowed_endpoints.length > 0 && <code key="paths">{attributes.allowed_endpoints.join("  ")}</code>,
                    ],
                    ["Key origins", attributes.key_origins.length > 0 && <code key="origins">{attributes.key_origins.join("  ")}</code>],
                    ["Monthly budget", attributes.monthly_budget === null ? "no limit" : formatMoney(attributes.monthly_budget)],
                    ["Privacy score", `${attributes.privacy_score} of 100`],
                    ["Namespace", attributes.namespace || "every edge"],
                    ["Created", attributes.created_at && <Ago key="created" at={attributes.created_at} />],
                    ["Changed", attributes.updated_at && <Ago key="changed" at={attributes.updated_at} />],
                  ]}
                />
                {attributes.long_description && (
                  <Section title="Description">
                    {<p style={{ maxWidth: "72ch", whiteSpace: "pre-wrap" }}>{attributes.long_description}</p>}
                  </Section>
                )}
                <LlmApps llmId={llm.id} />
                <RecentCalls filter={{ llm_id: llm.id }} without={["llm"]} />
              </>
            ),
          },
          { id: "plugins", label: "Plugins", content: <LlmPlugins llm={llm} /> },
          { id: "try", label: "Try it", content: <TryIt llm={llm} /> },
          { id: "history", label: "History", content: <History root="llms" type="llm" id={llm.id} /> },
          {
            id: "api",
            label: "API",
            content: <ApiPanel path={`/api/v1/llms/${llm.id}`} resource={llm} change={{ short_description: "For internal tools" }} />,
          },
        ]}
      />
    </>
  );
}
