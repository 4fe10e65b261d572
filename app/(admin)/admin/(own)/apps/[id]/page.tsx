import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { AppDetail } from "../../../../../../components/apps/app-detail.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched } from "../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "App" };

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("apps", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("apps", id)]}>
      <AppDetail id={id} />
    </Prefetched>
  );
}
