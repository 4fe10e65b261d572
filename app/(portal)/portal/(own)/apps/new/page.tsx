import type { Metadata } from "next";
import { OwnAppCreate } from "../../../../../../components/portal/own-app-form.tsx";
import { selfServiceKey, usableLlmsKey, usableToolsKey } from "../../../../../../components/portal/usable-keys.ts";
import { Prefetched, type Search, searchOf } from "../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Create app" };

export default async function Page({ searchParams }: { searchParams: Search }) {
  const params = await searchOf(searchParams);
  return (
    <Prefetched keys={[usableLlmsKey, usableToolsKey, selfServiceKey]}>
      <OwnAppCreate chosen={{ llm: params.get("llm") ?? undefined, tool: params.get("tool") ?? undefined }} />
    </Prefetched>
  );
}
