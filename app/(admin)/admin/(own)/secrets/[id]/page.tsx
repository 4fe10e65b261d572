import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { History } from "../../../../../../components/history/history.tsx";
import { SecretEdit } from "../../../../../../components/secrets/secret-form.tsx";
import { Section } from "../../../../../../components/ui/page.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched, titleOf } from "../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("secrets", decodeURIComponent((await params).id)), "Secret");

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("secrets", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("secrets", id)]}>
      <SecretEdit id={id} />
      <Section title="History">
        <History root="secrets" type="secret" id={id} />
      </Section>
    </Prefetched>
  );
}
