import type { Metadata } from "next";
import { api } from "../../../../components/api/query.ts";
import { PortalHome } from "../../../../components/portal/portal-home.tsx";
import { signedIn } from "../../../door.ts";
import { Prefetched } from "../../../prefetch.tsx";

export const metadata: Metadata = { title: "Portal" };

export default async function Page() {
  const me = await signedIn("/portal");
  return (
    <Prefetched keys={[api.config]}>
      <PortalHome name={me.attributes.name} groups={(me.attributes.groups ?? []).map((group) => group.name)} />
    </Prefetched>
  );
}
