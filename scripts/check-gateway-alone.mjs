#!/usr/bin/env node
// The proof that the data plane is free of the control plane: only the gateway workspace is installed, into an empty folder, from
// the committed lockfile, and it starts there.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pinnedNode, root, systemEnv } from "./lib/paths.mjs";
import { freePort } from "./lib/postgres.mjs";
import { Stop } from "./lib/stop.mjs";
import { runTask } from "./lib/task.mjs";

const forbidden = ["next", "react", "react-dom", "prisma", "@prisma", "pg", "hono", "@mantine", "@peculiar", "reflect-metadata"];

await runTask(async ({ children }) => {
  const dir = mkdtempSync(join(tmpdir(), "portico-gateway-"));
  try {
    copyWorkspace(dir);
    await children.run(
      "npm",
      ["ci", "--workspace", "gateway", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"],
      {
        doing: "npm ci of the gateway alone",
        cwd: dir,
        env: systemEnv(),
      },
    );
    const present = forbidden.filter((name) => existsSync(join(dir, "node_modules", name)));
    if (present.length) throw new Stop(`The gateway's own install brings ${present.join(", ")}.`);

    const port = await freePort();
    const lines = [];
    const gateway = children.start(pinnedNode, ["gateway/src/main.ts"], {
      name: "gateway",
      cwd: dir,
      env: {
        PATH: process.env.PATH,
        HOST: "127.0.0.1",
        GATEWAY_PORT: String(port),
        PORTICO_DATA_DIR: join(dir, ".data"),
        PORTICO_HUB: `127.0.0.1:${await freePort()}`,
        PORTICO_EDGE_TOKEN: "no-hub-answers",
      },
      onLine: (line) => lines.push(line),
    });
    await healthy(`http://127.0.0.1:${port}/health`, gateway, lines);
    const { code } = await gateway.stop();
    if (code !== 0) throw new Stop(`The gateway alone ended with code ${code} on SIGTERM.`, { detail: lines.slice(-20) });
    console.log(
      `The gateway runs from ${readdirSync(join(dir, "node_modules")).filter((name) => !name.startsWith(".")).length} top-level packages.`,
    );
  } finally {
    await children.stopAll();
    rmSync(dir, { recursive: true, force: true });
  }
});

/** The gateway, the packages of ours it names (and they name), and every manifest the lockfile speaks of. */
function copyWorkspace(dir) {
  for (const file of ["package.json", "package-lock.json"]) cpSync(join(root, file), join(dir, file));
  const manifests = new Map();
  for (const folder of ["gateway", "plugin-ui", ...children("packages"), ...children("plugins")]) {
    const file = join(root, folder, "package.json");
    if (!existsSync(file)) continue;
    manifests.set(JSON.parse(readFileSync(file, "utf8")).name, folder);
    mkdirSync(join(dir, folder), { recursive: true });
    cpSync(file, join(dir, folder, "package.json"));
  }
  const wanted = ["gateway"];
  for (let i = 0; i < wanted.length; i++) {
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, wanted[i], "package.json"), "utf8"));
    for (const name of Object.keys(dependencies))
      if (manifests.has(name) && !wanted.includes(manifests.get(name))) wanted.push(manifests.get(name));
  }
  for (const folder of wanted)
    cpSync(join(root, folder), join(dir, folder), {
      recursive: true,
      filter: (path) => !/(^|\/)(node_modules|dist)(\/|$)/.test(path.slice(root.length)),
    });

  function children(folder) {
    return readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${folder}/${entry.name}`);
  }
}

async function healthy(url, gateway, lines) {
  let ended = false;
  gateway.exited.then(() => {
    ended = true;
  });
  for (const until = Date.now() + 20_000; Date.now() < until && !ended; await sleep(100)) {
    try {
      if ((await fetch(url, { signal: AbortSignal.timeout(2_000) })).status === 200) return;
    } catch {
      // Not listening yet.
    }
  }
  throw new Stop("The gateway alone does not start.", { detail: lines.slice(-20) });
}
