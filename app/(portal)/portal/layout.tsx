import type { ReactNode } from "react";
import { api } from "../../../components/api/query.ts";
import { Shell } from "../../../components/shell/shell.tsx";
import { signedIn } from "../../door.ts";
import { Frame } from "../../frame.tsx";
import { Prefetched } from "../../prefetch.tsx";

export default async function PortalLayout({ children }: { children: ReactNode }) {
  const me = await signedIn("/portal");
  return (
    <Frame>
      <Prefetched keys={[api.portalSidebar]}>
        <Shell me={me} area="portal">
          {children}
        </Shell>
      </Prefetched>
    </Frame>
  );
}
