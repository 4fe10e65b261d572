import type { Metadata } from "next";
import { ModelRouterCopy, ModelRouterForm } from "../../../../../../components/model-routers/router-form.tsx";
import type { Search } from "../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Create model router" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const { from } = await searchParams;
  return typeof from === "string" && /^\d+$/.test(from) ? <ModelRouterCopy id={from} /> : <ModelRouterForm />;
}
