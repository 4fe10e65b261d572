"use client";

import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";
import type { EdgeAttributes } from "../../server/edges/contract.ts";
import { call } from "../api/http.ts";
import { forgetSecret, newSecretOf } from "../api/new-secret.ts";
import { refresh } from "../api/query.ts";
import type { Resource } from "../api/types.ts";
import { History } from "../history/history.tsx";
import { useCrumbs } from "../shell/crumbs.tsx";
import { ApiPanelRead } from "../ui/api-panel.tsx";
import { CopyLine } from "../ui/code.tsx";
import { confirmAction } from "../ui/confirm.tsx";
import classes from "../ui/dependents.module.css";
import { formatCount } from "../ui/format.ts";
import { Notice } from "../ui/notice.tsx";
import { Facts, PageHeader, Section } from "../ui/page.tsx";
import { Status, type Tone } from "../ui/status.tsx";
import { Ago } from "../ui/time.tsx";
import { toast, toastError } from "../ui/toast.tsx";
import { UrlTabs } from "../ui/url-tabs.tsx";
import { WithResource } from "../ui/with-resource.tsx";
import { EdgeLink, EdgeSync, EdgeTransport } from "./edge-state.tsx";
import { NewToken, useRotateToken } from "./edge-token.tsx";

/** `hubPort`: where gateways connect to this studio. `isOwn`: the gateway is started together with the studio, which gives it its token. */
export function EdgeDetail({ id, hubPort, isOwn }: { id: string; hubPort: number; isOwn: boolean }) {
  return (
    <WithResource<EdgeAttributes> root="edges" id={id} noun="edge" back="/admin/edges" refetchMs={1500}>
      {(edge) => <Detail edge={edge} hubPort={hubPort} isOwn={isOwn} />}
    </WithResource>
  );
}

const RecordCount = ({ count }: { count: number }) => <span className="num">{`${formatCount(count)} records`}</span>;

const pluginTones: Record<string, Tone> = { healthy: "good", starting: "info", unhealthy: "warn", failed: "bad", stopped: "idle" };

function Detail({ edge, hubPort, isOwn }: { edge: Resource<EdgeAttributes>; hubPort: number; isOwn: boolean }) {
  const { attributes } = edge;
  const path = `/api/v1/edges/${encodeURIComponent(attributes.edge_id)}`;
  const router = useRouter();
  const client = useQueryClient();
  const id = attributes.edge_id;
  const [token, setToken] = useState<string | null>(() => newSecretOf(client, "edges", id));
  useEffect(() => () => forgetSecret(client, "edges", id), [client, id]);
  const rotate = useRotateToken(attributes, { isOwn, onToken: setToken });
  useCrumbs([{ label: id }]);
  const remove = () =>
    confirmAction({
      title: "Delete edge",
      lead: (
        <>
          <strong>{id}</strong> and its token are deleted permanently.{" "}
          {attributes.status === "connected" && "It is connected: stop its gateway first."}
          {isOwn && " The studio creates it again at its next start, for the gateway that starts with it."}
        </>
      ),
      verb: "Delete edge",
      run: () => call("DELETE", path),
      onDone: () => {
        toast(`${id} deleted`);
        router.push("/admin/edges");
        void refresh(client, "edges", [encodeURIComponent(id)]);
      },
    });
  const push = useMutation({
    mutationFn: () => call("POST", `${path}/reload`),
    onSuccess: () => {
      toast("Configuration pushed", "This page shows when the edge acknowledges it.");
      void client.invalidateQueries({ queryKey: ["edges"] });
    },
    onError: (error) => toastError("Nothing was pushed", error),
  });
  const plugins = attributes.report.plugins ?? [];
  return (
    <>
      <PageHeader
        title={attributes.edge_id}
        state={<EdgeLink edge={attributes} />}
        actions={
          <>
            <Button variant="default" loading={push.isPending} disabled={attributes.status !== "connected"} onClick={() => push.mutate()}>
              Push configuration
            </Button>
            <Button variant="default" onClick={rotate}>
              Rotate token
            </Button>
            <Button variant="default" onClick={remove}>
              Delete
            </Button>
          </>
        }
      />
      {attributes.refusal && (
        <Notice tone="bad" title="The edge rejected the last configuration and still runs the previous one">
          {attributes.refusal}
        </Notice>
      )}
      {token && <NewToken edge={attributes} token={token} hubPort={hubPort} />}
      <UrlTabs
        label="Parts of this edge"
        tabs={[
          {
            id: "overview",
            label: "Overview",
            content: (
              <>
                <Section title="Configuration" lead="What the edge runs and what the studio last published.">
                  <Facts
                    rows={[
                      ["State", <EdgeSync key="sync" edge={attributes} />],
                      [
                        "Version",
                        <span className="num" key="version">
                          {attributes.loaded_checksum ? attributes.loaded_version : "–"}
                        </span>,
                      ],
                      [
                        "Published",
                        attributes.expected_version !== undefined && (
                          <span className="num" key="expected">
                            {attributes.expected_version || "–"}
                          </span>
                        ),
                      ],
                      ["Acknowledged", <Ago key="ack" at={attributes.last_sync_ack} />],
                      [
                        "Checksum",
                        attributes.loaded_checksum && <CopyLine key="sum" value={attributes.loaded_checksum} what="checksum" />,
                        "whole row",
                      ],
                    ]}
                  />
                </Section>
                <Section title="Process">
                  <Facts
                    rows={[
                      ["Address", attributes.advertised_url && <code key="address">{attributes.advertised_url}</code>, "whole row"],
                      ["Session", attributes.session_id && <code key="session">{attributes.session_id}</code>, "whole row"],
                      [
                        "CA fingerprint",
                        <CopyLine key="ca" value={attributes.hub_ca_sha256} what="fingerprint (PORTICO_HUB_CA_SHA256)" />,
                        "whole row",
                      ],
                      ["Transport", <EdgeTransport key="transport" edge={attributes} />],
                      ["Namespace", attributes.namespace || "default"],
                      ["Software", attributes.version && <code key="software">{attributes.version}</code>],
                      ["Last heartbeat", <Ago key="beat" at={attributes.last_heartbeat} />],
                      [
                        "Telemetry waiting",
                        attributes.report.telemetry_pending !== undefined && (
                          <span className="num" key="pending">{`${formatCount(attributes.report.telemetry_pending)} records`}</span>
                        ),
                      ],
                      [
                        "Telemetry lost",
                        attributes.report.telemetry_dropped !== undefined && (
                          <span className="num" key="dropped">{`${formatCount(attributes.report.telemetry_dropped)} records`}</span>
                        ),
                      ],
                      ["Records rejected", <RecordCount key="rejected" count={attributes.rejected_records} />],
                      [
                        "Last rejection",
                        attributes.last_rejection && (
                          <span key="rejection">
                            {attributes.last_rejection} (<Ago at={attributes.last_rejection_at} />)
                          </span>
                        ),
                        "whole row",
                      ],
                      ["Records without owner", <RecordCount key="ownerless" count={attributes.ownerless_records} />],
                      [
                        "Requests",
                        attributes.report.requests_total !== undefined && (
                          <span className="num" key="requests">
                            {`${formatCount(attributes.report.requests_total)} since it started, ${formatCount(attributes.report.requests_active)} now`}
                          </span>
                        ),
                      ],
                      ["Created", <Ago key="created" at={attributes.created_at} />],
                    ]}
                  />
                </Section>
                <Section title="Plugins">
                  {plugins.length === 0 ? (
                    <p className="quiet">No plugin runs here. A plugin does once it is attached to an LLM.</p>
                  ) : (
                    <ul className={classes.list}>
                      {plugins.map((plugin) => (
                        <li key={plugin.plugin_id}>
                          <Status tone={pluginTones[plugin.state] ?? "idle"}>{plugin.state}</Status>
                          <Link href={`/admin/plugins/${plugin.plugin_id}`}>{plugin.name}</Link>
                          <span className="quiet">{plugin.error}</span>
                        </li>
                      ))}
                    </ul>
                  )}
                </Section>
              </>
            ),
          },
          { id: "history", label: "History", content: <History root="edges" type="edge" id={id} /> },
          { id: "api", label: "API", content: <ApiPanelRead path={path} resource={edge} /> },
        ]}
      />
    </>
  );
}
