import type { Metadata } from "next";
import { pathOf } from "../../../../../../components/api/query.ts";
import { CallDetail } from "../../../../../../components/calls/call-detail.tsx";
import { callKey } from "../../../../../../components/calls/call-key.ts";
import { door } from "../../../../../door.ts";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched } from "../../../../../prefetch.tsx";

type Params = { params: Promise<{ id: string }> };

const idOf = async ({ params }: Params): Promise<string> => decodeURIComponent((await params).id);

export const generateMetadata = async (props: Params): Promise<Metadata> => ({ title: `Call ${await idOf(props)}` });

export default async function Page(props: Params) {
  const id = await idOf(props);
  const pluginPage = await pluginPageAt("calls", id, async () => (await door(pathOf(callKey(id).queryKey))).ok);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[callKey(id)]}>
      <CallDetail id={id} />
    </Prefetched>
  );
}
