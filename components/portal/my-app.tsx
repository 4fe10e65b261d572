"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { AppAttributes, AppLlmResource } from "../../server/apps/contract.ts";
import type { FrontendConfig } from "../../server/system/contract.ts";
import { ApiError } from "../api/http.ts";
import { forgetSecret, newSecretOf } from "../api/new-secret.ts";
import { api } from "../api/query.ts";
import type { Resource } from "../api/types.ts";
import { type CallableLlm, Snippets } from "../apps/snippets.tsx";
import { useCrumbs } from "../shell/crumbs.tsx";
import { CopyLine } from "../ui/code.tsx";
import { Empty } from "../ui/empty.tsx";
import { formatMoney, formatPercent } from "../ui/format.ts";
import { Failure, Notice } from "../ui/notice.tsx";
import { Facts, PageHeader, Section } from "../ui/page.tsx";
import { PageSkeleton } from "../ui/page-skeleton.tsx";
import { PlainTable } from "../ui/plain-table.tsx";
import { Status } from "../ui/status.tsx";
import { Ago } from "../ui/time.tsx";
import { myAppKey, myAppLlmsKey } from "./my-app-keys.ts";
import { MyKeys } from "./my-keys.tsx";

/** One of the signed-in user's apps: how to call with it, and what it has spent. */
export function MyApp({ id }: { id: string }) {
  const app = useQuery<Resource<AppAttributes>>(myAppKey(id));
  const llms = useQuery<{ data: AppLlmResource[] }>(myAppLlmsKey(id));
  const { data: config } = useQuery<FrontendConfig>(api.config);
  const client = useQueryClient();
  const [secret, setSecret] = useState(() => newSecretOf(client, "apps", id));
  useEffect(() => () => forgetSecret(client, "apps", id), [client, id]);
  useCrumbs([{ label: app.data?.attributes.name ?? id }]);
  if (app.error instanceof ApiError && [400, 404, 422].includes(app.error.status))
    return (
      <Empty isPage title="There is no such app">
        None of your apps has the id {id}.
      </Empty>
    );
  if (app.error) return <Failure what="This app" error={app.error} retry={() => void app.refetch()} />;
  if (!app.data) return <PageSkeleton />;
  const { attributes } = app.data;
  const rows = llms.data?.data ?? [];
  const callable = rows.flatMap(({ id: llmId, attributes: llm }): CallableLlm[] => {
    // Snippets look at the path only; the vendor's host is the gateway's business.
    return [{ id: llmId, attributes: { ...llm, api_endpoint: `https://vendor${llm.endpoint_path}` } }];
  });
  return (
    <>
      <PageHeader
        title={attributes.name}
        state={
          attributes.credential_active ? <Status tone="good">Ready to call</Status> : <Status tone="warn">Waiting for approval</Status>
        }
        lead={attributes.description}
      />
      {!attributes.credential_active && (
        <div style={{ marginBottom: 20 }}>
          <Notice tone="warn" title="This app waits for approval">
            Ask an administrator to approve {attributes.name}. Until then every call with its keys is rejected.
          </Notice>
        </div>
      )}
      {llms.isSuccess && rows.length === 0 && (
        <div style={{ marginBottom: 20 }}>
          <Notice tone="warn" title="This app has no LLM to call">
            Ask an administrator to give {attributes.name} access to an LLM. Until then every call is rejected.
          </Notice>
        </div>
      )}
      <Facts
        rows={[
          ["Gateway", config && <CopyLine key="gateway" value={config.proxyURL} what="gateway address" />, "whole row"],
          ["Key", attributes.credential ? <code key="key">pk_…{attributes.credential.hint}</code> : "none"],
          [
            "Spent this month",
            <span className="num" key="spent">
              {formatMoney(attributes.current_spend)}
            </span>,
          ],
          [
            "Monthly budget",
            attributes.monthly_budget === null
              ? "no limit"
              : `${formatMoney(attributes.monthly_budget)}, ${formatPercent(attributes.monthly_budget > 0 ? attributes.current_spend / attributes.monthly_budget : 1)} used`,
          ],
          ["Created", <Ago key="created" at={attributes.created_at} />],
        ]}
      />
      <MyKeys appId={id} secret={secret} onSecret={setSecret} />
      <Section title="LLMs">
        {llms.error ? (
          <Failure what="The LLMs of this app" error={llms.error} retry={() => void llms.refetch()} />
        ) : (
          <PlainTable
            label="LLMs"
            loading={llms.isPending}
            nothing="No LLMs yet."
            rows={rows}
            columns={[
              { id: "name", header: "Name", value: (row) => row.attributes.name },
              { id: "about", header: "About", value: (row) => row.attributes.short_description, rank: 2 },
              { id: "model", header: "Default model", value: (row) => row.attributes.default_model, mono: true, rank: 2 },
              {
                id: "address",
                header: "Address",
                value: (row) => row.attributes.slug,
                cell: (row) =>
                  config && (
                    <CopyLine value={`${config.proxyURL}/llm/call/${row.attributes.slug}`} what={`address of ${row.attributes.name}`} />
                  ),
              },
            ]}
          />
        )}
      </Section>
      {config && <Snippets llms={callable} gatewayUrl={config.proxyURL} secret={secret} />}
    </>
  );
}
