import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { PluginDetail } from "../../../../../../components/plugins/plugin-detail.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched, titleOf } from "../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("plugins", decodeURIComponent((await params).id)), "Plugin");

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("plugins", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("plugins", id)]}>
      <PluginDetail id={id} />
    </Prefetched>
  );
}
