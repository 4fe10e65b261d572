// Who may import whom (ARCHITECTURE.md). Run by scripts/check-walls.mjs, which also fails when too little was looked at.
const tests = "\\.test\\.tsx?$|(^|/)(test|testing)(/|\\.ts$)|^interop/|^e2e/|^attacks/";
const npm = (...names) => `^node_modules/(${names.join("|")})(/|$)`;
const nodeBuiltins =
  "^(node:)?(assert|async_hooks|buffer|child_process|cluster|crypto|dgram|dns|fs|http|http2|https|module|net|os|path|process|readline|sqlite|stream|timers|tls|tty|url|util|v8|vm|worker_threads|zlib)(/|$)";

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "pages-know-contracts-only",
      comment: "Next loads modules of server/ several times; pages talk to the server through its door and share only contracts.",
      severity: "error",
      from: { path: "^(app|components)/", pathNot: tests },
      to: {
        path: "^(server|gateway|plugins)/|^packages/(?!core/|plugin-bridge/|protocol/)",
        // A list of names without imports, which contracts, pages and the engine share.
        pathNot: "^server/[^/]+/contract(\\.ts$|/)|^packages/datasources/src/vendors\\.ts$",
        reachable: true,
      },
    },
    {
      name: "pages-run-in-browsers",
      severity: "error",
      from: { path: "^components/", pathNot: tests },
      to: { path: nodeBuiltins, reachable: true },
    },
    {
      name: "server-knows-no-pages",
      severity: "error",
      from: { path: "^server/", pathNot: tests },
      to: { path: "^(app|components|gateway|plugins|plugin-ui)/" },
    },
    {
      name: "server-knows-no-react",
      comment: "Only the composition root and the HTTP room may hand a request to Next.",
      severity: "error",
      from: { path: "^server/", pathNot: `${tests}|^server/(main|runtime)\\.ts$|^server/http/` },
      to: { path: npm("next", "react", "react-dom") },
    },
    {
      name: "sql-lives-in-stores",
      severity: "error",
      from: {
        path: "^server/",
        pathNot: `${tests}|^server/db/|^server/(main|runtime)\\.ts$|(^|/)[a-z-]*store\\.ts$|^server/[^/]+/store/`,
      },
      to: { path: `^server/db/generated/|${npm("@prisma/client", "@prisma/adapter-pg", "pg")}`, dependencyTypesNot: ["type-only"] },
    },
    {
      name: "stores-know-no-services",
      severity: "error",
      from: { path: "^server/.*store\\.ts$", pathNot: tests },
      to: { path: "^server/(http|grpc)/|^server/[^/]+/(service|endpoints)\\.ts$", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "services-know-no-transport",
      comment: "REST and the service API are two doors onto the same services.",
      severity: "error",
      from: { path: "^server/.*service\\.ts$", pathNot: tests },
      to: { path: "^server/(http|grpc)/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "gateway-stands-alone",
      comment: "The data plane runs where there is no control plane: no page, no database, not even through somebody else's import.",
      severity: "error",
      from: { path: "^gateway/", pathNot: tests },
      to: {
        path: `^(server|app|components|plugins|plugin-ui)/|${npm("next", "react", "react-dom", "@prisma/[^/]+", "prisma", "pg", "hono", "@hono/[^/]+", "@peculiar/[^/]+", "reflect-metadata")}`,
        reachable: true,
      },
    },
    {
      name: "dialects-know-no-pipeline",
      comment: "How a vendor's protocol is written is one thing, what the gateway does with a request another.",
      severity: "error",
      from: { path: "^gateway/src/dialects/", pathNot: tests },
      to: { path: "^gateway/src/(?!dialects/)" },
    },
    {
      name: "vendors-know-dialects-only",
      severity: "error",
      from: { path: "^gateway/src/vendors/", pathNot: tests },
      to: { path: "^gateway/src/(?!(dialects|vendors)/)" },
    },
    {
      name: "ui-kit-runs-in-browsers",
      severity: "error",
      from: { path: "^plugin-ui/src/", pathNot: tests },
      to: {
        path: `^(server|app|components|gateway|plugins)/|^packages/(?!protocol/)|${npm("react", "react-dom", "next")}|${nodeBuiltins}`,
        reachable: true,
      },
    },
    {
      name: "plugin-host-knows-core-and-protocol",
      severity: "error",
      from: { path: "^packages/plugin-host/", pathNot: tests },
      to: { path: "^(server|app|components|gateway|plugins|plugin-ui)/|^packages/(?!plugin-host/|core/|protocol/)", reachable: true },
    },
    {
      name: "plugin-bridge-knows-nothing-of-ours",
      comment: "It runs in plugins' frames too.",
      severity: "error",
      from: { path: "^packages/plugin-bridge/", pathNot: tests },
      to: { path: "^(server|app|components|gateway|plugins|plugin-ui)/|^packages/(?!plugin-bridge/)" },
    },
    {
      name: "plugin-services-know-no-host-product",
      comment: "What studio and gateway share of the services that they offer to plugins.",
      severity: "error",
      from: { path: "^packages/plugin-services/", pathNot: tests },
      to: {
        path: "^(server|app|components|gateway|plugins|plugin-ui)/|^packages/(?!plugin-services/|plugin-host/|core/|protocol/)",
        reachable: true,
      },
    },
    {
      name: "plugin-sdk-knows-core-and-protocol",
      severity: "error",
      from: { path: "^packages/plugin-sdk/", pathNot: tests },
      to: { path: "^(server|app|components|gateway|plugins|plugin-ui)/|^packages/(?!plugin-sdk/|core/|protocol/)", reachable: true },
    },
    {
      name: "plugins-use-the-sdk-only",
      comment: "An example that reaches inside proves the SDK too small.",
      severity: "error",
      from: { path: "^plugins/([^/]+)/" },
      to: {
        path: "^(server|app|components|gateway|packages|plugins|plugin-ui)/",
        pathNot: "^plugins/$1/|^packages/plugin-sdk/|^plugin-ui/",
      },
    },
    {
      name: "core-imports-nothing-of-ours",
      severity: "error",
      from: { path: "^packages/core/", pathNot: tests },
      to: { path: "^(server|app|components|gateway|plugins|plugin-ui)/|^packages/(?!core/)" },
    },
    {
      name: "protocol-imports-nothing-of-ours",
      severity: "error",
      from: { path: "^packages/protocol/", pathNot: tests },
      to: { path: "^(server|app|components|gateway|plugins|plugin-ui)/|^packages/(?!protocol/|core/)" },
    },
    {
      name: "outbound-imports-nothing-of-ours",
      severity: "error",
      from: { path: "^packages/outbound/", pathNot: tests },
      to: { path: "^(server|app|components|gateway|plugins|plugin-ui)/|^packages/(?!outbound/)" },
    },
    {
      name: "filters-know-core-and-outbound",
      comment: "Studio and gateway run the same scripts in the same sandbox.",
      severity: "error",
      from: { path: "^packages/filters/", pathNot: tests },
      to: { path: "^(server|app|components|gateway|plugins|plugin-ui)/|^packages/(?!filters/|core/|outbound/)", reachable: true },
    },
    {
      name: "demo-is-a-client",
      comment: "It fills an installation through the REST API, as anybody could.",
      severity: "error",
      from: { path: "^packages/demo/", pathNot: tests },
      to: { path: "^(server|app|components|gateway|plugins|plugin-ui)/|^packages/(?!demo/|core/|plugin-host/|protocol/)" },
    },
    {
      name: "testkit-is-for-tests",
      severity: "error",
      from: { path: "^(server|app|components|gateway|plugins|plugin-ui|packages/(?!testkit/))", pathNot: tests },
      to: { path: "^packages/testkit/" },
    },
    {
      name: "scripts-know-no-testkit",
      comment: "The testkit starts what scripts/lib can start; the other way round they would be one folder in two places.",
      severity: "error",
      from: { path: "^scripts/lib/", pathNot: "\\.test\\.mjs$" },
      to: { path: "^(server|app|components|gateway|plugins|bench)/|^packages/(?!core/|plugin-bridge/|plugin-sdk/)" },
    },
    {
      name: "testkit-knows-no-product",
      comment: "It starts processes and databases; the product's own tests import it.",
      severity: "error",
      from: { path: "^packages/testkit/" },
      to: { path: "^(server|app|components|gateway|plugins|plugin-ui|bench)/|^packages/(?!testkit/|migrations/|plugin-bridge/)" },
    },
    {
      name: "migrations-know-core-only",
      severity: "error",
      from: { path: "^packages/migrations/", pathNot: tests },
      to: { path: "^(server|app|components|gateway|plugins|plugin-ui|scripts)/|^packages/(?!migrations/|core/)" },
    },
    {
      name: "no-circles",
      severity: "error",
      from: { pathNot: "/gen/|/generated/" },
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"], pathNot: "/gen/|/generated/" } },
    },
    { name: "everything-resolves", severity: "error", from: {}, to: { couldNotResolve: true, pathNot: "\\.(css|svg|png)$|^server-only$" } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|\\.next)/|^server/db/generated/internal/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    preserveSymlinks: false,
    skipAnalysisNotInRules: false,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["types", "import", "node", "default"],
      extensions: [".ts", ".tsx", ".mjs", ".js", ".json"],
    },
  },
};

/** Files whose imports do not count for the walls that leave tests out. */
module.exports.tests = tests;
