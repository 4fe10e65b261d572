import Link from "next/link";
import type { ReactNode } from "react";
import { api } from "../../../components/api/query.ts";
import { Shell } from "../../../components/shell/shell.tsx";
import { Empty } from "../../../components/ui/empty.tsx";
import { signedIn } from "../../door.ts";
import { Frame } from "../../frame.tsx";
import { Prefetched } from "../../prefetch.tsx";

export default async function AdminLayout({ children }: { children: ReactNode }) {
  const me = await signedIn("/admin");
  if (!me.attributes.is_admin) {
    return (
      <Frame>
        <Shell me={me} area="portal">
          <Empty isPage title="This area is for administrators">
            You are signed in as {me.attributes.email}, who is not an administrator. Ask one for access, or continue in{" "}
            <Link href="/portal">the portal</Link>.
          </Empty>
        </Shell>
      </Frame>
    );
  }
  return (
    <Frame>
      <Prefetched keys={[api.sidebar]}>
        <Shell me={me} area="admin">
          {children}
        </Shell>
      </Prefetched>
    </Frame>
  );
}
