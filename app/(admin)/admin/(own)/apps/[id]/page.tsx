import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { AppDetail } from "../../../../../../components/apps/app-detail.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched, titleOf } from "../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("apps", decodeURIComponent((await params).id)), "App");

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("apps", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("apps", id)]}>
      <AppDetail id={id} />
    </Prefetched>
  );
}
