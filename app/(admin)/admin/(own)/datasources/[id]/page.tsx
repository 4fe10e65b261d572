import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { DatasourceEdit } from "../../../../../../components/datasources/datasource-form.tsx";
import { History } from "../../../../../../components/history/history.tsx";
import { Section } from "../../../../../../components/ui/page.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched, titleOf } from "../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("datasources", decodeURIComponent((await params).id)), "Data source");

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("datasources", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("datasources", id)]}>
      <DatasourceEdit id={id} />
      <Section title="History">
        <History root="datasources" type="datasource" id={id} />
      </Section>
    </Prefetched>
  );
}
