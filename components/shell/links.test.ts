import { expect, test } from "vitest";
import { destinationOf, pagePath, routePath } from "./links.ts";

const tricks = [
  "//evil.test/x",
  "///evil.test",
  "/\\evil.test",
  "\\\\evil.test",
  "/\t/evil.test",
  "/\n/evil.test",
  "/\r/evil.test",
  "\t//evil.test",
  " //evil.test",
  "/.//evil.test",
  "/admin/..//evil.test",
  "https://evil.test/admin/x",
  "javascript:alert(1)",
  "admin/llms",
  "",
  "/",
  "/login",
  "/administrator",
  "/api/v1/llms/3/proxy/html",
  "/plugin-assets/1/a/b/page.html",
  "/admin/../api/v1/llms",
  "/admin/%2e%2e/api/v1/llms",
  "/admin/..%2f..%2fapi",
  "/admin/%252e%252e%252fapi",
  "/admin/x\\..\\..\\api",
  "/admin/x%5c..%5capi",
  "/admin/%00",
  "/admin/x\u0000",
];

test("only pages of the dashboard and the portal are addresses that a plugin or a query may lead to", () => {
  for (const trick of tricks) expect(pagePath(trick), JSON.stringify(trick)).toBeUndefined();
  for (const page of ["/admin", "/admin/llms/3", "/portal/apps?tab=keys#top", "/portal", "/admin/llms?next=%2Fx"])
    expect(pagePath(page)).toBe(page);
});

test("a place inside a plugin's page stays below its path, and keeps its query", () => {
  const base = "/admin/probe";
  const outside = [
    ...["..", "../../../portal/apps", "a/../../llms", "./x", "%2e%2e/llms", "..%2f..%2fportal", "%252e%252e%252fx"],
    ...["a\\..\\..\\b", "a\t/b", "x/..;/%2e%2e", "a%5c..%5cb", "%0d%0aSet-Cookie:x"],
  ];
  for (const path of outside) expect(routePath(base, path), JSON.stringify(path)).toBeUndefined();
  expect(routePath(base, "")).toBe("/admin/probe");
  expect(routePath(base, "/items/7?sort=a/../b#x")).toBe("/admin/probe/items/7?sort=a/../b#x");
  expect(routePath(base, "//evil.test/x")).toBe("/admin/probe/evil.test/x");
  expect(routePath(base, "https://evil.test")).toBe("/admin/probe/https://evil.test");
  expect(routePath(base, "a b")).toBe("/admin/probe/a%20b");
});

test("a destination names the host that the browser would ask, and anything but the web and mail is none", () => {
  expect(destinationOf("https://ÉVIL.test/x?q=1")).toEqual({ url: "https://xn--vil-9la.test/x?q=1", host: "xn--vil-9la.test" });
  expect(destinationOf("http:/\\evil.test:81")).toMatchObject({ host: "evil.test:81" });
  expect(destinationOf("mailto:ann@example.com?subject=hi")).toMatchObject({ host: "ann@example.com" });
  for (const url of [
    "https://studio.example@evil.test/",
    "javascript:alert(1)",
    "data:text/html,x",
    "blob:x",
    "ftp://x/y",
    "file:///x",
    "x",
  ])
    expect(destinationOf(url), url).toBeUndefined();
});
