import { notFound } from "next/navigation";
import { api } from "../../../../components/api/query.ts";
import { matchRoute } from "../../../../components/plugins/match-route.ts";
import { PluginPage } from "../../../../components/plugins/plugin-page.tsx";
import type { PluginUiEntry } from "../../../../server/plugins/contract/pages.ts";
import { door } from "../../../door.ts";
import { Prefetched } from "../../../prefetch.tsx";

type Params = { params: Promise<{ path: string[] }> };

async function rowFor(path: string[]): Promise<PluginUiEntry | null> {
  const response = await door("/api/v1/plugins/ui-registry");
  if (!response.ok) throw new Error(`The plugins' pages could not be read (${response.status}).`);
  const { data } = (await response.json()) as { data: PluginUiEntry[] | null };
  return matchRoute(data ?? [], `/admin/${path.map(decodeURIComponent).join("/")}`)?.row ?? null;
}

export async function generateMetadata({ params }: Params) {
  const row = await rowFor((await params).path);
  return { title: row?.mount_config.title ?? row?.plugin?.name ?? "Not found" };
}

export default async function Page({ params }: Params) {
  if (!(await rowFor((await params).path))) notFound();
  return (
    <Prefetched keys={[api.registry]}>
      <PluginPage area="admin" />
    </Prefetched>
  );
}
