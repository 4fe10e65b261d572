import type { Frame, Page } from "@playwright/test";
import axe from "axe-core";

declare global {
  interface Window {
    axe: typeof axe;
  }
}

/**
 * Runs axe on a page and all of its frames. @axe-core/playwright leaves out a frame that takes a second to load axe, which happens on a
 * busy machine; here a frame takes what it needs, within the limit of its test.
 */
export async function runAxe(page: Page, options: axe.RunOptions): Promise<axe.AxeResults> {
  const partials = await partialsOf(page.mainFrame(), { include: [], exclude: [] }, options);
  return page.evaluate(([results, given]) => window.axe.finishRun(results, given), [partials, options] as const);
}

/** What was found in a frame and, depth first as axe expects it, in the frames inside it; null for one that is gone. */
async function partialsOf(frame: Frame, context: axe.FrameContext["frameContext"], options: axe.RunOptions): Promise<axe.PartialResults> {
  await frame.evaluate(axe.source);
  const inner = await frame.evaluate((given) => window.axe.utils.getFrameContexts(given), context);
  const results: axe.PartialResults = [
    await frame.evaluate(([given, how]) => window.axe.runPartial(given, how), [context, options] as const),
  ];
  for (const { frameSelector, frameContext } of inner) {
    const element = await frame.evaluateHandle((selector) => window.axe.utils.shadowSelect(selector), frameSelector);
    const child = await element.asElement()?.contentFrame();
    results.push(...(child ? await partialsOf(child, frameContext, options) : [null]));
  }
  return results;
}
