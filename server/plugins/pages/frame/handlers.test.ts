import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { inlineHandlers } from "./handlers.ts";

const hashOf = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

test("handlers written in a plugin's files are found in templates, strings and pages, as the browser will read them", () => {
  const files: [string, string][] = [
    [
      'this.shadowRoot.innerHTML = `<button onclick="this.getRootNode().host.saveConfig()">Save</button>`',
      "this.getRootNode().host.saveConfig()",
    ],
    ["const html = '<a onclick=\"go()\">'", "go()"],
    ['const html = "<a onclick=\\"go()\\">"', "go()"],
    ["<form onsubmit='return save(&quot;x&quot;)'>", 'return save("x")'],
    ['<input oninput = "typed(1 &amp;&amp; 2)">', "typed(1 && 2)"],
  ];
  for (const [source, text] of files) expect(inlineHandlers(source), source).toEqual([hashOf(text)]);
});

test("what is filled in at run time, and what is no handler, is not allowed", () => {
  expect(inlineHandlers(`\`<a onclick="remove($${"{id}"})">\``)).toEqual([]);
  expect(inlineHandlers('button.onclick = () => save(); const config = "x"; <a href="on">')).toEqual([]);
});

test("the number of handlers and the time for them are bounded, whatever a file holds", () => {
  expect(inlineHandlers(Array.from({ length: 500 }, (_, i) => `<a onclick="go(${i})">`).join(""))).toHaveLength(60);
  const startedMs = performance.now();
  for (const hostile of ['onclick="', "onclick='", "on ", "onclick = \"'", "onaaaaaaaaaaaaaaaaaaaa", "onclick=     "])
    inlineHandlers(hostile.repeat(Math.ceil((8 * 1024 * 1024) / hostile.length)));
  expect(performance.now() - startedMs).toBeLessThan(10_000);
});
