import type { Metadata } from "next";
import { PriceForm } from "../../../../../../components/prices/price-form.tsx";
import { type Search, searchOf } from "../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Create price" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const search = await searchOf(searchParams);
  return <PriceForm begin={{ vendor: search.get("vendor") ?? undefined, model_name: search.get("model_name") ?? undefined }} />;
}
