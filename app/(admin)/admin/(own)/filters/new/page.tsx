import type { Metadata } from "next";
import { FilterCopy, FilterForm } from "../../../../../../components/filters/filter-form.tsx";
import type { Search } from "../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Create filter" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const { from } = await searchParams;
  return typeof from === "string" && /^\d+$/.test(from) ? <FilterCopy id={from} /> : <FilterForm />;
}
