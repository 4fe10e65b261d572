import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { UserEdit } from "../../../../../../components/people/user-form.tsx";
import { pluginPageAt } from "../../../../../plugin-pages.tsx";
import { Prefetched } from "../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "User" };

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = decodeURIComponent((await params).id);
  const pluginPage = await pluginPageAt("users", id);
  if (pluginPage) return pluginPage;
  return (
    <Prefetched keys={[api.one("users", id)]}>
      <UserEdit id={id} />
    </Prefetched>
  );
}
