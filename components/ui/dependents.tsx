"use client";

import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import type { Dependent } from "../../server/http/contract.ts";
import { q } from "../api/query.ts";
import classes from "./dependents.module.css";
import { Failure } from "./notice.tsx";

const nounOf: Record<string, string> = {
  llms: "LLM",
  apps: "App",
  app: "App",
  plugins: "Plugin",
  users: "User",
  groups: "Group",
  edges: "Edge",
  credentials: "Credential",
};
const rootOf: Record<string, string> = { app: "apps" };
const pages = new Set(["llms", "apps", "plugins", "users", "groups", "edges"]);

/** What refers to a thing, and what would happen to it if the thing went. */
export function Dependents({ root, id }: { root: string; id: string }) {
  const { data, error, isPending, refetch } = useQuery<{ data: Dependent[] }>(
    q(root, `/api/v1/${root}/${encodeURIComponent(id)}/dependents`),
  );
  if (isPending) return <Skeleton height={36} />;
  if (error) return <Failure what="What depends on it" error={error} retry={() => void refetch()} />;
  if (data.data.length === 0) return <p className="quiet">Nothing depends on it.</p>;
  return (
    <ul className={classes.list}>
      {data.data.map((row) => {
        const page = rootOf[row.type] ?? row.type;
        return (
          <li key={`${row.type}-${row.id}`}>
            <span className="quiet">{nounOf[row.type] ?? row.type}</span>
            <span className="truncate">{pages.has(page) ? <Link href={`/admin/${page}/${row.id}`}>{row.name}</Link> : row.name}</span>
            <span className="quiet">{row.effect}</span>
          </li>
        );
      })}
    </ul>
  );
}
