import type { Metadata } from "next";
import { Catalogue } from "../../../../../components/portal/catalogue.tsx";
import { usableLlmsKey, usableToolsKey } from "../../../../../components/portal/usable-keys.ts";
import { Prefetched } from "../../../../prefetch.tsx";

export const metadata: Metadata = { title: "Catalogue" };

export default function Page() {
  return (
    <Prefetched keys={[usableLlmsKey, usableToolsKey]}>
      <Catalogue />
    </Prefetched>
  );
}
