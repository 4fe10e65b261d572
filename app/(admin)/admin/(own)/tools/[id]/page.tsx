import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { ToolDetail } from "../../../../../../components/tools/tool-detail.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched, titleOf } from "../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("tools", decodeURIComponent((await params).id)), "Tool");

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("tools", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("tools", id)]}>
      <ToolDetail id={id} />
    </Prefetched>
  );
}
