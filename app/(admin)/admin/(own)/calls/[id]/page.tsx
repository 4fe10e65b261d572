import type { Metadata } from "next";
import { CallDetail } from "../../../../../../components/calls/call-detail.tsx";
import { callKey } from "../../../../../../components/calls/call-key.ts";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched } from "../../../../../prefetch.tsx";

type Params = { params: Promise<{ id: string }> };

const idOf = async ({ params }: Params): Promise<string> => decodeURIComponent((await params).id);

export const generateMetadata = async (props: Params): Promise<Metadata> => ({ title: `Call ${await idOf(props)}` });

export default async function Page(props: Params) {
  const id = await idOf(props);
  const pluginPage = await pluginPageAt("calls", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[callKey(id)]}>
      <CallDetail id={id} />
    </Prefetched>
  );
}
