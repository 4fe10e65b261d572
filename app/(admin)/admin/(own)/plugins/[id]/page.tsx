import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { PluginDetail } from "../../../../../../components/plugins/plugin-detail.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched } from "../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Plugin" };

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("plugins", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("plugins", id)]}>
      <PluginDetail id={id} />
    </Prefetched>
  );
}
