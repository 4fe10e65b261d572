import { messageOf } from "@portico/core";
import { takeSettings } from "@portico/core/private-settings";
import { demoFile } from "./file.ts";
import { restOf } from "./rest.ts";
import { seedDemo } from "./seed.ts";

// Runs once studio is ready. A demo that fails is reported and stops nothing else.
const settings = takeSettings(process.env, ["ADMIN_API_TOKEN"]);
const {
  PORTICO_STUDIO_URL = "",
  PORTICO_GATEWAY_URL = "",
  PORTICO_DATA_DIR = "",
  DEMO_VENDOR_PORT = "8081",
  ADMIN_API_TOKEN = "",
} = settings;
try {
  await seedDemo({
    rest: restOf(PORTICO_STUDIO_URL, ADMIN_API_TOKEN),
    file: demoFile(PORTICO_DATA_DIR),
    vendorUrl: `http://127.0.0.1:${DEMO_VENDOR_PORT}`,
    gatewayUrl: PORTICO_GATEWAY_URL,
    report: (sentence) => console.log(sentence),
  });
} catch (error) {
  console.log(`The demo could not be prepared: ${messageOf(error)}`);
  process.exitCode = 1;
}
