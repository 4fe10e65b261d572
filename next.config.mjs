/** @type {import("next").NextConfig} */
const config = {
  // Types are checked once, by `npm run types`; a build on a visitor's machine need not check them again.
  typescript: { tsconfigPath: "tsconfig.web.json", ignoreBuildErrors: true },
  poweredByHeader: false,
  reactStrictMode: true,
  // The listener in front of Next compresses (server/http/compression.ts) and knows which answers must not be.
  compress: false,
  devIndicators: false,
  // @rjsf/core's test helper names a validator that compiles schemas with eval; ours stands in and nothing of ajv is shipped.
  turbopack: { resolveAlias: { "@rjsf/validator-ajv8": "./components/plugins/validator.ts" } },
  experimental: {
    optimizePackageImports: ["@mantine/core", "@mantine/hooks", "@mantine/charts", "@mantine/dates", "@tabler/icons-react"],
  },
};

export default config;
