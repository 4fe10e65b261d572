import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { History } from "../../../../../../components/history/history.tsx";
import { GroupEdit } from "../../../../../../components/people/group-form.tsx";
import { Section } from "../../../../../../components/ui/page.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched, titleOf } from "../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("groups", decodeURIComponent((await params).id)), "Group");

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("groups", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("groups", id)]}>
      <GroupEdit id={id} />
      <Section title="History">
        <History root="groups" type="group" id={id} />
      </Section>
    </Prefetched>
  );
}
