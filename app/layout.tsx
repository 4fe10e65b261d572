import "../components/ui/base.css";
import "../components/ui/tokens.css";
import "../components/ui/global.css";
import type { Metadata, Viewport } from "next";
import { cookies, headers } from "next/headers";
import type { ReactNode } from "react";
import { HistoryGuard } from "../components/form/history-guard.tsx";
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

// Only for a visitor who follows the system's scheme: the server cannot know it, so it is settled before the first paint, and followed
// from then on until the visitor chooses one.
const followScheme = `{const dark=matchMedia("(prefers-color-scheme: dark)"),settle=()=>{/portico-theme=(light|dark)/.test(document.cookie)||(document.documentElement.dataset.mantineColorScheme=dark.matches?"dark":"light")};settle();dark.addEventListener("change",settle)}`;

/** The least that a page needs. What the product's pages are made of comes with their own layouts (frame.tsx). */
export default async function RootLayout({ children }: { children: ReactNode }) {
  const nonce = (await headers()).get("x-nonce") ?? undefined;
  const scheme = schemeFromCookie((await cookies()).get("portico-theme")?.value);
  return (
    <html lang="en" data-mantine-color-scheme={scheme === "dark" ? "dark" : "light"} suppressHydrationWarning>
      <head>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: a constant, allowed by the nonce. */}
        {scheme === "auto" && <script nonce={nonce} suppressHydrationWarning dangerouslySetInnerHTML={{ __html: followScheme }} />}
      </head>
      <body>
        <HistoryGuard />
        {children}
      </body>
    </html>
  );
}
