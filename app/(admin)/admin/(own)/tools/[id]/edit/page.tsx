import type { Metadata } from "next";
import { api } from "../../../../../../../components/api/query.ts";
import { ToolEdit } from "../../../../../../../components/tools/tool-edit.tsx";
import { Prefetched, titleOf } from "../../../../../../prefetch.tsx";

type Props = { params: Promise<{ id: string }> };

export const generateMetadata = async ({ params }: Props): Promise<Metadata> =>
  titleOf(api.one("tools", decodeURIComponent((await params).id)), "Edit tool");

export default async function Page({ params }: Props) {
  const id = decodeURIComponent((await params).id);
  return (
    <Prefetched keys={[api.one("tools", id)]}>
      <ToolEdit id={id} />
    </Prefetched>
  );
}
