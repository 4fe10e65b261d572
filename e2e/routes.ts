import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { kindsWithPages } from "@portico/protocol/kinds";
import { expect, type Rest, type Session, signIn } from "./support.ts";

// Every page there is, from the folders that make them: a page added tomorrow is looked at tomorrow.
const root = join(import.meta.dirname, "..");
export const routes = globSync("app/**/page.tsx", { cwd: root })
  .map((file) => file.replace(/^app|\/page\.tsx$/g, "").replace(/\/\([^)]*\)/g, "") || "/")
  .sort();

type Registered = { route_pattern: string };
const pagesOf = async (rest: Rest) => (await rest("GET", "/api/v1/plugins/ui-registry")).list as unknown as Registered[];

/** The addresses that stand for a route: something of each kind that the demo made. */
export async function addressesOf(route: string, rest: Rest): Promise<string[]> {
  if (route === "/portal/[...path]") return ["/portal/plugins/feedback"];
  if (route === "/admin/[...path]") return (await pagesOf(rest)).map((row) => row.route_pattern);
  if (route === "/portal/apps/[id]") return [`/portal/apps/${demo().app_id}`];
  const [, kind] = /^\/admin\/([a-z-]+)\/\[id\]/.exec(route) ?? [];
  if (!kind) return [route];
  if (kind === "calls") return [route.replace("[id]", await callId(rest))];
  const { list } = await rest("GET", `/api/v1/${kindsWithPages.find(({ page }) => page.path === kind)?.resource ?? kind}?page_size=1`);
  const [one] = list;
  if (!one) throw new Error(`The demo has nothing under ${kind} to show ${route} with.`);
  return [route.replace("[id]", String(one.attributes.edge_id ?? one.id))];
}

/** The request id of a call; one is made when there is none yet. */
async function callId(rest: Rest): Promise<string> {
  const first = async () => (await rest("GET", "/api/v1/analytics/calls?page_size=1")).list[0]?.attributes.request_id;
  if ((await first()) === undefined) {
    await rest("POST", "/api/v1/llms/1/proxy/v1/chat/completions", { messages: [{ role: "user", content: "Hello" }] });
    await expect.poll(first, { timeout: 20_000 }).toBeDefined();
  }
  return String(await first());
}

type Demo = { app_id: number; portal_email: string; portal_password: string };

const demo = () => JSON.parse(readFileSync(join(process.env.PORTICO_STACK_DATA_DIR ?? "", "demo-app.json"), "utf8")) as Demo;

/** Whether a route shows something of the demo's user who is no administrator. */
export const isPortalUsers = (route: string): boolean => ["/portal/[...path]", "/portal/apps/[id]"].includes(route);

/** The demo's user who is no administrator. */
export async function portalUser(studioUrl: string): Promise<Session> {
  const { portal_email, portal_password } = demo();
  return signIn(studioUrl, portal_email, portal_password);
}
