import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { History } from "../../../../../../components/history/history.tsx";
import { TagEdit } from "../../../../../../components/tags/tag-form.tsx";
import { Section } from "../../../../../../components/ui/page.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched, titleOf } from "../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("tags", decodeURIComponent((await params).id)), "Tag");

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("tags", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("tags", id)]}>
      <TagEdit id={id} />
      <Section title="History">
        <History root="tags" type="tag" id={id} />
      </Section>
    </Prefetched>
  );
}
