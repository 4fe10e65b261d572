import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { History } from "../../../../../../components/history/history.tsx";
import { PriceEdit } from "../../../../../../components/prices/price-form.tsx";
import { Section } from "../../../../../../components/ui/page.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched, titleOf } from "../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("model-prices", decodeURIComponent((await params).id)), "Price");

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("prices", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("model-prices", id)]}>
      <PriceEdit id={id} />
      <Section title="History">
        <History root="model-prices" type="model_price" id={id} />
      </Section>
    </Prefetched>
  );
}
