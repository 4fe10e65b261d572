import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { CatalogueEdit } from "../../../../../../components/catalogues/catalogue-form.tsx";
import { History } from "../../../../../../components/history/history.tsx";
import { Section } from "../../../../../../components/ui/page.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched, titleOf } from "../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("catalogues", decodeURIComponent((await params).id)), "LLM catalogue");

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("catalogues", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("catalogues", id)]}>
      <CatalogueEdit kind="llms" id={id} />
      <Section title="History">
        <History root="catalogues" type="catalogue" id={id} />
      </Section>
    </Prefetched>
  );
}
