import "@fontsource-variable/ibm-plex-sans/wght.css";
import "@fontsource/ibm-plex-mono/400.css";
import "@fontsource/ibm-plex-mono/500.css";
import "../components/ui/library-styles.ts";
import "../components/ui/fonts.css";
import { cookies, headers } from "next/headers";
import type { ReactNode } from "react";
import { Providers } from "../components/ui/providers.tsx";
import { schemeFromCookie } from "../components/ui/scheme.ts";

/** What every page but sign-in is made with: components, query cache, dialogs, notices, fonts. */
export async function Frame({ children }: { children: ReactNode }) {
  const nonce = (await headers()).get("x-nonce") ?? undefined;
  const scheme = schemeFromCookie((await cookies()).get("portico-theme")?.value);
  return (
    <Providers nonce={nonce} scheme={scheme}>
      {children}
    </Providers>
  );
}
