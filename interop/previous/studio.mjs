// Runs the studio of the release in the folder that the first argument names, without pages. Settings come from the environment.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const load = (path) => import(pathToFileURL(`${process.argv[2]}/server/${path}`).href);
const [{ readEnv }, { createRuntime }, { createListener }] = await Promise.all([
  load("env.ts"),
  load("runtime.ts"),
  load("http/server.ts"),
]);

const env = readEnv();
const runtime = await createRuntime(env);
const pages = { handle: async () => {}, contentSecurityPolicy: () => "", close: async () => {} };
const { application, logger } = runtime;
createServer(createListener({ application, pages, logger })).listen(env.port, env.host);
process.once("SIGTERM", () => void runtime.close().finally(() => process.exit(0)));
