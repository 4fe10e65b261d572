import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { History } from "../../../../../../components/history/history.tsx";
import { PriceEdit } from "../../../../../../components/prices/price-form.tsx";
import { Section } from "../../../../../../components/ui/page.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched } from "../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Price" };

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
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
