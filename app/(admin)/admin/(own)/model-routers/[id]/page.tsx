import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { History } from "../../../../../../components/history/history.tsx";
import { ModelRouterEdit } from "../../../../../../components/model-routers/router-form.tsx";
import { Section } from "../../../../../../components/ui/page.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched, titleOf } from "../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("model-routers", decodeURIComponent((await params).id)), "Model router");

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("model-routers", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("model-routers", id)]}>
      <ModelRouterEdit id={id} />
      <Section title="History">
        <History root="model-routers" type="model_router" id={id} />
      </Section>
    </Prefetched>
  );
}
