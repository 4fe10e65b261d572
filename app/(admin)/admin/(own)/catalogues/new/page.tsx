import type { Metadata } from "next";
import { CatalogueCreate } from "../../../../../../components/catalogues/catalogue-form.tsx";
import { type Search, searchOf } from "../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Create LLM catalogue" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  return <CatalogueCreate kind="llms" clone={(await searchOf(searchParams)).get("clone") ?? undefined} />;
}
