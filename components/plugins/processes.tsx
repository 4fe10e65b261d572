"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import type { PluginStatus } from "../../server/plugins/contract/operations.ts";
import { get } from "../api/http.ts";
import { every } from "../api/query.ts";
import { ProcessState } from "./plugin-state.tsx";

/** Every process of a plugin: where it runs, and its state. */
export function Processes({ id }: { id: string }) {
  const { data } = useQuery({
    queryKey: ["plugins", `/api/v1/plugins/${id}/status`],
    queryFn: ({ signal }) => get<{ data: PluginStatus }>(`/api/v1/plugins/${id}/status`, signal),
    refetchInterval: every(3000),
  });
  const processes = data?.data.processes ?? [];
  if (processes.length === 0) return <p className="quiet">No process is running.</p>;
  return (
    <ul style={{ margin: 0, paddingLeft: 0, listStyle: "none", lineHeight: "26px" }}>
      {processes.map(({ place, edge_id, state, error }) => (
        <li key={edge_id ?? place}>
          <ProcessState state={state} /> {edge_id ? <Link href={`/admin/edges/${encodeURIComponent(edge_id)}`}>{edge_id}</Link> : "Studio"}{" "}
          <span className="quiet">{error}</span>
        </li>
      ))}
    </ul>
  );
}
