import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { History } from "../../../../../../components/history/history.tsx";
import { LlmSettingsEdit } from "../../../../../../components/llm-settings/llm-settings-form.tsx";
import { Section } from "../../../../../../components/ui/page.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched, titleOf } from "../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("llm-settings", decodeURIComponent((await params).id)), "LLM settings");

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("llm-settings", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("llm-settings", id)]}>
      <LlmSettingsEdit id={id} />
      <Section title="History">
        <History root="llm-settings" type="llm_settings" id={id} />
      </Section>
    </Prefetched>
  );
}
