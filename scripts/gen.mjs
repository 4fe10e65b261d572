#!/usr/bin/env node
// `npm run gen`: protocol stubs from the .proto files, database client from the Prisma schema.
// With --released it also records the protocol as the one that `npm test` compares later changes with.
import { join } from "node:path";
import { prismaCli, prismaEnv } from "./lib/build-steps.mjs";
import { binDir, pinnedNode, root, toolEnv } from "./lib/paths.mjs";
import { writeStubs } from "./lib/protocol-stubs.mjs";
import { runTask } from "./lib/task.mjs";

await runTask(async ({ children, progress }) => {
  const protocol = progress.begin("Generating the protocol stubs");
  await writeStubs(children);
  protocol.done();
  if (process.argv.includes("--released")) {
    const released = progress.begin("Recording the protocol as released");
    await children.run(join(binDir, "buf"), ["build", "--exclude-source-info", "-o", "released.binpb"], {
      doing: "buf build",
      cwd: join(root, "packages", "protocol"),
      env: toolEnv(),
    });
    released.done();
  }
  const client = progress.begin("Generating the database client");
  await children.run(pinnedNode, [prismaCli, "generate"], { doing: "prisma generate", cwd: root, env: prismaEnv() });
  client.done();
});
