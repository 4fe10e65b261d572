import "@fontsource/ibm-plex-sans/400.css";
import "@fontsource/ibm-plex-sans/500.css";
import "@fontsource/ibm-plex-sans/600.css";
import "@fontsource/ibm-plex-mono/400.css";
import "@fontsource/ibm-plex-mono/500.css";
import "../components/ui/base.css";
import "@mantine/core/styles.layer.css";
import "@mantine/dates/styles.layer.css";
import "@mantine/charts/styles.layer.css";
import "@mantine/notifications/styles.layer.css";
import "@mantine/spotlight/styles.layer.css";
import "../components/ui/tokens.css";
import "../components/ui/global.css";
import type { Metadata, Viewport } from "next";
import { cookies, headers } from "next/headers";
import type { ReactNode } from "react";
import { HistoryGuard } from "../components/form/history-guard.tsx";
import { Providers } from "../components/ui/providers.tsx";
import { schemeFromCookie } from "../components/ui/scheme.ts";

export const metadata: Metadata = { title: { default: "Portico", template: "%s · Portico" } };
export const viewport: Viewport = {
  width: "device-width",
  initialScale: 1,
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#faf8f4" },
    { media: "(prefers-color-scheme: dark)", color: "#141412" },
  ],
};

// Only for a visitor who follows the system's scheme: the server cannot know it, so it is settled before the first paint.
const settleScheme =
  'document.documentElement.dataset.mantineColorScheme=matchMedia("(prefers-color-scheme: dark)").matches?"dark":"light"';

export default async function RootLayout({ children }: { children: ReactNode }) {
  const nonce = (await headers()).get("x-nonce") ?? undefined;
  const scheme = schemeFromCookie((await cookies()).get("portico-theme")?.value);
  return (
    <html lang="en" data-mantine-color-scheme={scheme === "dark" ? "dark" : "light"} suppressHydrationWarning>
      <head>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: a constant, allowed by the nonce. */}
        {scheme === "auto" && <script nonce={nonce} suppressHydrationWarning dangerouslySetInnerHTML={{ __html: settleScheme }} />}
      </head>
      <body>
        <HistoryGuard />
        <Providers nonce={nonce} scheme={scheme}>
          {children}
        </Providers>
      </body>
    </html>
  );
}
