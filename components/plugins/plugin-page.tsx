"use client";

import { useQuery } from "@tanstack/react-query";
import { notFound, usePathname } from "next/navigation";
import type { PluginUiEntry } from "../../server/plugins/contract/pages.ts";
import { api } from "../api/query.ts";
import { Failure } from "../ui/notice.tsx";
import { PageSkeleton } from "../ui/page-skeleton.tsx";
import { matchRoute } from "./match-route.ts";
import { PluginSlot } from "./plugin-slot.tsx";

/** A page that a plugin supplies, at its registered path or below it. */
export function PluginPage({ area }: { area: "admin" | "portal" }) {
  const pathname = usePathname();
  const registry = useQuery<{ data: PluginUiEntry[] | null }>(area === "admin" ? api.registry : api.portalRegistry);
  if (registry.isPending) return <PageSkeleton />;
  if (registry.error) return <Failure what="The plugins' pages" error={registry.error} retry={() => void registry.refetch()} />;
  const match = matchRoute(registry.data.data ?? [], pathname);
  if (!match) notFound();
  return <PluginSlot key={match.row.id} pluginId={match.row.plugin_id} registryRow={match.row} area={area} subPath={match.subPath} />;
}
