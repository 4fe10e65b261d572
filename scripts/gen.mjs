#!/usr/bin/env node
// `npm run gen`: protocol stubs from the .proto files, database client from the Prisma schema.
import { join } from "node:path";
import { prismaCli, prismaEnv } from "./lib/build-steps.mjs";
import { saturateEdgeIntegers } from "./lib/gen-edge.mjs";
import { binDir, pinnedNode, root, toolEnv } from "./lib/paths.mjs";
import { runTask } from "./lib/task.mjs";

await runTask(async ({ children, progress }) => {
  const protocol = progress.begin("Generating the protocol stubs");
  await children.run(join(binDir, "buf"), ["generate"], { doing: "buf generate", cwd: join(root, "packages", "protocol"), env: toolEnv() });
  saturateEdgeIntegers(join(root, "packages", "protocol"));
  protocol.done();
  const client = progress.begin("Generating the database client");
  await children.run(pinnedNode, [prismaCli, "generate"], { doing: "prisma generate", cwd: root, env: prismaEnv() });
  client.done();
});
