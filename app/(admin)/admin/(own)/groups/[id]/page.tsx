import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { GroupEdit } from "../../../../../../components/people/group-form.tsx";
import { Prefetched } from "../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Group" };

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = decodeURIComponent((await params).id);
  return (
    <Prefetched keys={[api.one("groups", id)]}>
      <GroupEdit id={id} />
    </Prefetched>
  );
}
