import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { History } from "../../../../../../components/history/history.tsx";
import { UserEdit } from "../../../../../../components/people/user-form.tsx";
import { Section } from "../../../../../../components/ui/page.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched, titleOf } from "../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("users", decodeURIComponent((await params).id)), "User");

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("users", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("users", id)]}>
      <UserEdit id={id} />
      <Section title="History">
        <History root="users" type="user" id={id} />
      </Section>
    </Prefetched>
  );
}
