import type { Metadata } from "next";
import { api } from "../../../../../../../components/api/query.ts";
import { AppEdit } from "../../../../../../../components/apps/app-form.tsx";
import { Prefetched, titleOf } from "../../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("apps", decodeURIComponent((await params).id)), "Edit app");

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  return (
    <Prefetched keys={[api.one("apps", id)]}>
      <AppEdit id={id} />
    </Prefetched>
  );
}
