import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { EdgeDetail } from "../../../../../../components/edges/edge-detail.tsx";
import { door } from "../../../../../door.ts";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched, titleOf } from "../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("edges", decodeURIComponent((await params).id)), "Edge");

// What this studio was started with; pages are rendered in its process.
const hubPort = () => Number(process.env.CONTROL_PORT || 50_051);
const ownEdge = () => process.env.PORTICO_OWN_EDGE_ID;

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("edges", id, async () => (await door(`/api/v1/edges/${encodeURIComponent(id)}`)).ok);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("edges", id)]}>
      <EdgeDetail id={id} hubPort={hubPort()} isOwn={id === ownEdge()} />
    </Prefetched>
  );
}
