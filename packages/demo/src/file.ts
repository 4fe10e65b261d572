import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * What is kept, with mode 0600, in `demo-app.json` of the data folder: the only place that has the app's secret and the portal user's
 * password, and how far the demo is.
 */
export type DemoFile = {
  gateway_url: string;
  app_id: number;
  app_name: string;
  secret: string;
  llms: { id: number; name: string; slug: string; vendor: string; model: string }[];
  portal_email: string;
  portal_password: string;
  /** False while the demo is being made; a start that finds it so finishes it. Files of older releases lack it: theirs is complete. */
  complete?: boolean;
  /** What the demo last wrote: endpoints of its LLMs, commands of its plugins and base URLs of its tools, by id. Whatever differs now was changed by somebody. */
  wrote?: { endpoints: Record<string, string>; commands: Record<string, string>; tools?: Record<string, string> };
};

export const demoFile = (dataDir: string): string => join(dataDir, "demo-app.json");

export async function readDemoFile(path: string): Promise<DemoFile | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as DemoFile);
}

/** Readable by the owner alone, and never half written. */
export async function writeDemoFile(path: string, content: DemoFile): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, path);
}
