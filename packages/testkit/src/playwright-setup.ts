import { aStack } from "./stack.ts";

/**
 * Playwright's global set-up: one whole product for all journeys. Workers find it in PORTICO_STUDIO_URL, PORTICO_GATEWAY_URL,
 * PORTICO_VENDOR_URL, PORTICO_ADMIN_EMAIL, PORTICO_ADMIN_PASSWORD, PORTICO_ADMIN_TOKEN and PORTICO_STACK_DATA_DIR. Journeys that stop
 * and start processes make a stack of their own with `aStack()`.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const stack = await aStack();
  Object.assign(process.env, {
    PORTICO_STUDIO_URL: stack.studioUrl,
    PORTICO_GATEWAY_URL: stack.gatewayUrl,
    PORTICO_VENDOR_URL: stack.vendorUrl,
    PORTICO_ADMIN_EMAIL: stack.admin.email,
    PORTICO_ADMIN_PASSWORD: stack.admin.password,
    PORTICO_ADMIN_TOKEN: stack.admin.token,
    PORTICO_STACK_DATA_DIR: stack.dataDir,
  });
  return async () => {
    if (process.env.PORTICO_SHOW_LOGS) for (const name of ["studio", "gateway"] as const) console.log(`--- ${name}\n${stack.output(name)}`);
    await stack.close();
  };
}
