"use client";

import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import type { CallAttributes } from "../../server/analytics/contract.ts";
import { ApiError } from "../api/http.ts";
import { withParams } from "../api/query.ts";
import type { One, Resource } from "../api/types.ts";
import { vendorLabel } from "../llms/vendors.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { ApiPanelRead } from "../ui/api-panel.tsx";
import { CopyLine } from "../ui/code.tsx";
import { Empty } from "../ui/empty.tsx";
import { formatBytes, formatCount, formatDuration, formatExact, formatMoney } from "../ui/format.ts";
import { Failure, Notice } from "../ui/notice.tsx";
import { Facts, PageHeader, Section } from "../ui/page.tsx";
import { PageSkeleton } from "../ui/page-skeleton.tsx";
import { Ago } from "../ui/time.tsx";
import { callKey } from "./call-key.ts";
import { Outcome } from "./columns.tsx";
import { explainReason } from "./reasons.ts";

/** One finished request with everything that was recorded of it. */
export function CallDetail({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useQuery<One<CallAttributes>>(callKey(id));
  useCrumbs([{ label: id }]);
  if (data) return <Detail call={data.data} />;
  if (isPending) return <PageSkeleton />;
  if (error instanceof ApiError && error.status === 404)
    return (
      <Empty isPage title="There is no such call" action={<Link href="/admin/calls">Show all</Link>}>
        No call has the request id {id}. Calls appear within seconds after they end and are deleted when they expire.
      </Empty>
    );
  return <Failure what="This call" error={error} retry={() => void refetch()} />;
}

const num = (value: string) => <span className="num">{value}</span>;

function Detail({ call: { attributes: call, ...resource } }: { call: Resource<CallAttributes> }) {
  const explanation = explainReason(call.reason);
  return (
    <>
      <PageHeader
        title={call.model || call.llm_name}
        state={<Outcome call={call} />}
        lead={
          <>
            <Ago at={call.at} /> · {call.app_name} · {formatDuration(call.duration_ms)}
          </>
        }
      />
      <div style={{ display: "grid", gap: 8, marginBottom: 20 }}>
        {call.reason && (
          <Notice tone={call.outcome === "blocked" ? "warn" : "bad"} title={explanation ?? "The call did not complete"}>
            Reason: <code>{call.reason}</code>
          </Notice>
        )}
        {!call.priced && (
          <Notice
            tone="warn"
            title="This model has no price"
            action={
              <Button
                size="xs"
                variant="default"
                component={Link}
                href={withParams("/admin/prices/new", { vendor: call.vendor, model_name: call.model })}
              >
                Create price
              </Button>
            }
          >
            Costs and budgets do not include this call.
          </Notice>
        )}
      </div>
      <Section title="Request">
        <Facts
          rows={[
            ["Request id", <CopyLine key="request" value={call.request_id} what="request id" />, "whole row"],
            ["Time", formatExact(call.at)],
            [
              "App",
              // The app of the dashboard's own calls has no page.
              call.app_id === null || call.interaction === "studio" || call.app_name.startsWith("deleted ") ? (
                call.app_name
              ) : (
                <Link key="app" href={`/admin/apps/${call.app_id}`}>
                  {call.app_name}
                </Link>
              ),
            ],
            [
              "LLM",
              call.llm_id === null || call.llm_name.startsWith("deleted ") ? (
                call.llm_name
              ) : (
                <Link key="llm" href={`/admin/llms/${call.llm_id}`}>
                  {call.llm_name}
                </Link>
              ),
            ],
            ["Model", call.model && <code key="model">{call.model}</code>],
            ["Vendor", call.vendor && vendorLabel(call.vendor)],
            [
              "User",
              call.user_id !== null && (
                <Link key="user" href={`/admin/users/${call.user_id}`}>
                  {call.user_name}
                </Link>
              ),
            ],
            ["Source", call.interaction === "studio" ? "dashboard" : "app"],
            [
              "Edge",
              <Link key="edge" href={`/admin/edges/${encodeURIComponent(call.edge_id)}`}>
                {call.edge_id}
              </Link>,
            ],
            ["Path", call.path && <code key="path">{call.path}</code>, "whole row"],
          ]}
        />
      </Section>
      <Section title="Usage and cost">
        <Facts
          rows={[
            ["Tokens in", num(formatCount(call.prompt_tokens))],
            ["Tokens out", num(formatCount(call.response_tokens))],
            ["Cache write", num(formatCount(call.cache_write_tokens))],
            ["Cache read", num(formatCount(call.cache_read_tokens))],
            ["Cost", call.priced ? num(formatMoney(call.cost)) : "no price"],
            ["Counted by", call.usage_estimated ? "estimate: the vendor reported no final count" : "the vendor"],
            ["Request size", num(formatBytes(call.request_bytes))],
            ["Response size", num(formatBytes(call.response_bytes))],
          ]}
        />
      </Section>
      <Section title="Latency">
        <Facts
          rows={[
            ["Total", num(formatDuration(call.duration_ms))],
            ["First byte", call.first_byte_ms > 0 && num(formatDuration(call.first_byte_ms))],
            [
              "Plugins",
              <>
                {num(formatDuration(call.plugin_ms))}
                {call.llm_id !== null && !call.llm_name.startsWith("deleted ") && (
                  <>
                    {" · "}
                    <Link href={`/admin/llms/${call.llm_id}?tab=plugins`}>Plugins of this LLM</Link>
                  </>
                )}
              </>,
            ],
            ["Response", call.streamed ? "streamed" : "complete"],
          ]}
        />
      </Section>
      <ApiPanelRead path={`/api/v1/analytics/calls/${encodeURIComponent(call.request_id)}`} resource={{ ...resource, attributes: call }} />
    </>
  );
}
