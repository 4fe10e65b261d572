import type { Browser } from "@playwright/test";
import { addressesOf, portalUser, routes } from "./routes.ts";
import { expect, type Session, settled, test } from "./support.ts";

// Charts weigh most: only pages with them may come near the limit.
const maxKb = { login: 150, page: 450 };

/** Kilobytes that come over the network for a page until it has settled, with nothing in the browser's cache. */
async function weigh(browser: Browser, address: string, session: Session | undefined): Promise<{ kb: number; plain: string[] }> {
  const context = await browser.newContext({ storageState: session ?? { cookies: [], origins: [] } });
  try {
    const page = await context.newPage();
    const network = await context.newCDPSession(page);
    await network.send("Network.enable");
    let bytes = 0;
    const plain: string[] = [];
    network.on("Network.responseReceived", ({ response }) => {
      const { headers, mimeType, url } = response;
      const isText = /^text\/(?!event-stream)|json$|javascript$/.test(mimeType);
      const isSmall = Number(headers["Content-Length"] ?? headers["content-length"] ?? 0) < 1_024;
      if (isText && !isSmall && !headers["Content-Encoding"] && !headers["content-encoding"]) plain.push(url);
    });
    network.on("Network.loadingFinished", ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    await page.goto(address);
    await settled(page);
    await page.waitForLoadState("networkidle");
    return { kb: Math.round(bytes / 1000), plain };
  } finally {
    await context.close();
  }
}

test(`every page comes compressed: sign-in within ${maxKb.login} KB, any other within ${maxKb.page} KB`, async ({
  browser,
  rest,
  session,
  studioUrl,
}) => {
  const user = await portalUser(studioUrl);
  const tooHeavy: string[] = [];
  for (const route of routes) {
    const isLogin = route === "/login";
    for (const address of await addressesOf(route, rest)) {
      const { kb, plain } = await weigh(
        browser,
        studioUrl + address,
        isLogin ? undefined : route.startsWith("/portal/plugins") ? user : session,
      );
      expect(plain, `uncompressed on ${address}`).toEqual([]);
      const limit = isLogin ? maxKb.login : maxKb.page;
      console.log(`    measured ${address}: ${kb} KB`);
      if (kb > limit) tooHeavy.push(`${address}: ${kb} KB, more than ${limit}`);
    }
  }
  expect(tooHeavy).toEqual([]);
});
