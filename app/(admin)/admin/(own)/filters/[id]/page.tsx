import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { FilterEdit } from "../../../../../../components/filters/filter-form.tsx";
import { History } from "../../../../../../components/history/history.tsx";
import { Section } from "../../../../../../components/ui/page.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched, titleOf } from "../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("filters", decodeURIComponent((await params).id)), "Filter");

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("filters", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("filters", id)]}>
      <FilterEdit id={id} />
      <Section title="History">
        <History root="filters" type="filter" id={id} />
      </Section>
    </Prefetched>
  );
}
