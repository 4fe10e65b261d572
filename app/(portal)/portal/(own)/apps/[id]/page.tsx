import type { Metadata } from "next";
import { api } from "../../../../../../components/api/query.ts";
import { MyApp } from "../../../../../../components/portal/my-app.tsx";
import { myAppKey, myAppLlmsKey } from "../../../../../../components/portal/my-app-keys.ts";
import { Prefetched } from "../../../../../prefetch.tsx";

export const metadata: Metadata = { title: "My app" };

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const id = decodeURIComponent((await params).id);
  return (
    <Prefetched keys={[myAppKey(id), myAppLlmsKey(id), api.config]}>
      <MyApp id={id} />
    </Prefetched>
  );
}
