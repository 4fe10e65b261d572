"use client";

import { Button } from "@mantine/core";
import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";
import type { AppAttributes } from "../../server/apps/contract.ts";
import type { LlmAttributes } from "../../server/llms/contract.ts";
import type { FrontendConfig } from "../../server/system/contract.ts";
import type { ToolAttributes } from "../../server/tools/contract.ts";
import { forgetSecret, newSecretOf } from "../api/new-secret.ts";
import { api } from "../api/query.ts";
import type { One, Resource } from "../api/types.ts";
import { RecentCalls } from "../calls/recent-calls.tsx";
import { History } from "../history/history.tsx";
import { useCrumbs } from "../shell/crumbs.tsx";
import { ApiPanel } from "../ui/api-panel.tsx";
import { useDelete } from "../ui/confirm.tsx";
import { formatMoney } from "../ui/format.ts";
import { Notice } from "../ui/notice.tsx";
import { Facts, PageHeader } from "../ui/page.tsx";
import { Ago } from "../ui/time.tsx";
import { UrlTabs } from "../ui/url-tabs.tsx";
import { WithResource } from "../ui/with-resource.tsx";
import { Credentials } from "./credentials.tsx";
import { Snippets } from "./snippets.tsx";

export function AppDetail({ id }: { id: string }) {
  return (
    <WithResource<AppAttributes> root="apps" id={id} noun="app" back="/admin/apps">
      {(app) => <Detail app={app} />}
    </WithResource>
  );
}

function Detail({ app }: { app: Resource<AppAttributes> }) {
  const { attributes } = app;
  const router = useRouter();
  const remove = useDelete("apps", "app");
  const client = useQueryClient();
  const [secret, setSecret] = useState<string | null>(() => newSecretOf(client, "apps", app.id));
  useEffect(() => () => forgetSecret(client, "apps", app.id), [client, app.id]);
  useCrumbs([{ label: attributes.name }]);
  const ids = attributes.llm_ids ?? [];
  const llmQueries = useQueries({ queries: ids.map((id) => api.one("llms", String(id))) });
  const llms = llmQueries.flatMap((query) => (query.data as One<LlmAttributes> | undefined)?.data ?? []);
  const toolQueries = useQueries({ queries: attributes.tool_ids.map((id) => api.one("tools", String(id))) });
  const tools = toolQueries.flatMap((query) => (query.data as One<ToolAttributes> | undefined)?.data ?? []);
  const { data: config } = useQuery<FrontendConfig>(api.config);
  return (
    <>
      <PageHeader
        title={attributes.name}
        lead={attributes.description}
        actions={
          <>
            <Button variant="default" component={Link} href={`/admin/apps/${app.id}/edit`}>
              Edit
            </Button>
            <Button variant="default" onClick={() => remove(app.id, attributes.name, () => router.push("/admin/apps"))}>
              Delete
            </Button>
          </>
        }
      />
      <UrlTabs
        label="Parts of this app"
        tabs={[
          {
            id: "overview",
            label: "Overview",
            content: (
              <>
                <Facts
                  rows={[
                    [
                      "LLMs",
                      ids.length === 0
                        ? "none, so every call is rejected"
                        : llms.map((llm, index) => (
                            <span key={llm.id}>
                              {index > 0 && ", "}
                              <Link href={`/admin/llms/${llm.id}`}>{llm.attributes.name}</Link>
                            </span>
                          )),
                    ],
                    [
                      "Tools",
                      tools.length > 0 &&
                        tools.map((tool, index) => (
                          <span key={tool.id}>
                            {index > 0 && ", "}
                            <Link href={`/admin/tools/${tool.id}`}>{tool.attributes.name}</Link>
                          </span>
                        )),
                    ],
                    ["Monthly budget", attributes.monthly_budget === null ? "no limit" : formatMoney(attributes.monthly_budget)],
                    [
                      "Spent this month",
                      attributes.current_spend !== undefined && (
                        <span className="num" key="spent">
                          {formatMoney(attributes.current_spend)}
                        </span>
                      ),
                    ],
                    ["Month begins", attributes.budget_start_date?.slice(0, 10)],
                    [
                      "Owner",
                      attributes.owner ? (
                        <Link key="owner" href={`/admin/users/${attributes.owner.id}`}>
                          {attributes.owner.name}
                        </Link>
                      ) : (
                        "none: the owner was deleted"
                      ),
                    ],
                    ["Created", attributes.created_at && <Ago key="created" at={attributes.created_at} />],
                    ["Changed", attributes.updated_at && <Ago key="changed" at={attributes.updated_at} />],
                  ]}
                />
                {ids.length === 0 && (
                  <div style={{ marginTop: 20 }}>
                    <Notice
                      tone="warn"
                      title="This app may not call any LLM"
                      action={
                        <Button size="xs" variant="default" component={Link} href={`/admin/apps/${app.id}/edit`}>
                          Select LLMs
                        </Button>
                      }
                    >
                      Calls with its credentials are rejected. Select an LLM to get a snippet that calls it.
                    </Notice>
                  </div>
                )}
                <Credentials appId={app.id} secret={secret} onSecret={setSecret} />
                {config && <Snippets llms={llms} gatewayUrl={config.proxyURL} secret={secret} />}
                <RecentCalls filter={{ app_id: app.id }} without={["app"]} />
              </>
            ),
          },
          { id: "history", label: "History", content: <History root="apps" type="app" id={app.id} /> },
          { id: "api", label: "API", content: <ApiPanel path={`/api/v1/apps/${app.id}`} resource={app} change={{ monthly_budget: 50 }} /> },
        ]}
      />
    </>
  );
}
