import type { Browser } from "@playwright/test";
import { addressesOf, isPortalUsers, portalUser, routes } from "./routes.ts";
import { expect, type Session, settled, test } from "./support.ts";

// `usable` is all that the page needs before it can be read and used. Code that it imports once it is (the charts, the form of a schema)
// and prefetched pages are the rest of `whole`.
const maxKb = { login: 150, usable: 400, whole: 520 };

type Weight = { usable: number; whole: number; plain: string[] };

/** Kilobytes that come over the network for a page until it has settled, with nothing in the browser's cache. */
async function weigh(browser: Browser, address: string, session: Session | undefined): Promise<Weight> {
  const context = await browser.newContext({ storageState: session ?? { cookies: [], origins: [] } });
  try {
    const page = await context.newPage();
    const network = await context.newCDPSession(page);
    await network.send("Network.enable");
    const bytes = { usable: 0, later: 0 };
    const isLater = new Set<string>();
    const plain: string[] = [];
    network.on("Network.requestWillBeSent", ({ requestId, request, initiator, type }) => {
      const isImported = initiator.type === "script" && (type === "Script" || type === "Stylesheet");
      const isPrefetch = Object.keys(request.headers).some((name) => name.toLowerCase() === "next-router-prefetch");
      if (isImported || isPrefetch) isLater.add(requestId);
    });
    network.on("Network.responseReceived", ({ response }) => {
      const { headers, mimeType, url } = response;
      const isText = /^text\/(?!event-stream)|json$|javascript$/.test(mimeType);
      const isSmall = Number(headers["Content-Length"] ?? headers["content-length"] ?? 0) < 1_024;
      if (isText && !isSmall && !headers["Content-Encoding"] && !headers["content-encoding"]) plain.push(url);
    });
    network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
      bytes[isLater.has(requestId) ? "later" : "usable"] += encodedDataLength;
    });
    await page.goto(address);
    await settled(page);
    await page.waitForLoadState("networkidle");
    return { usable: Math.round(bytes.usable / 1000), whole: Math.round((bytes.usable + bytes.later) / 1000), plain };
  } finally {
    await context.close();
  }
}

test(`every page comes compressed: sign-in within ${maxKb.login} KB, any other usable within ${maxKb.usable} KB and whole within ${maxKb.whole} KB`, async ({
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
      const { usable, whole, plain } = await weigh(
        browser,
        studioUrl + address,
        isLogin ? undefined : isPortalUsers(route) ? user : session,
      );
      expect(plain, `uncompressed on ${address}`).toEqual([]);
      console.log(`    measured ${address}: usable with ${usable} KB, ${whole} KB in all`);
      if (whole > (isLogin ? maxKb.login : maxKb.whole)) tooHeavy.push(`${address}: ${whole} KB in all`);
      if (usable > maxKb.usable) tooHeavy.push(`${address}: usable with ${usable} KB, more than ${maxKb.usable}`);
    }
  }
  expect(tooHeavy).toEqual([]);
});
