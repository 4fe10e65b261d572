"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import type { ReactNode } from "react";
import { ApiError } from "../api/http.ts";
import { api, every } from "../api/query.ts";
import type { One, Resource } from "../api/types.ts";
import { hasUnsavedChanges } from "../form/unsaved.ts";
import { Empty } from "./empty.tsx";
import { Failure, Notice } from "./notice.tsx";
import { PageSkeleton } from "./page-skeleton.tsx";

/** Reads one thing and shows it; says plainly when it does not exist. */
export function WithResource<A>({
  root,
  id,
  noun,
  back,
  refetchMs,
  children,
}: {
  root: string;
  id: string;
  noun: string;
  back: string;
  refetchMs?: number;
  children: (resource: Resource<A>, etag: string | undefined) => ReactNode;
}) {
  const { data, isPending, error, refetch } = useQuery<One<A>>({
    ...api.one(root, id),
    refetchInterval: refetchMs ? every(refetchMs) : false,
  });
  const isGone = error instanceof ApiError && (error.status === 404 || error.status === 422 || error.status === 400);
  if (data && isGone && hasUnsavedChanges()) {
    return (
      <>
        <div style={{ marginBottom: 20 }}>
          <Notice tone="bad" title={`This ${noun} was deleted while you were editing it`}>
            What you typed is still here to copy, but it cannot be saved.
          </Notice>
        </div>
        {children(data.data, data.etag)}
      </>
    );
  }
  if (data && !isGone) return children(data.data, data.etag);
  if (isPending) return <PageSkeleton />;
  if (isGone) {
    return (
      <Empty isPage title={`There is no such ${noun}`} action={<Link href={back}>Show all</Link>}>
        No {noun} has the id {id}. It may have been deleted.
      </Empty>
    );
  }
  return <Failure what={`This ${noun}`} error={error} retry={() => void refetch()} />;
}
