// A hub in a process of its own, so that what a flood costs it can be told from what it costs the flood. Says its port; answers every
// message with the most memory that it has held, in bytes.
import { status } from "@grpc/grpc-js";
import { createLogger } from "@portico/core/logger";
import { EdgeServiceService } from "@portico/protocol/edge";
import { createAdmission } from "../../server/edges/admission.ts";
import { makeAuthority, openAuthority } from "../../server/edges/authority.ts";
import { createCertificates } from "../../server/edges/certificates.ts";
import { startControlServer } from "../../server/edges/control-server.ts";

const logger = createLogger({ level: "error" });
const authority = await openAuthority(await makeAuthority());
const { admit } = createAdmission({ identify: async () => undefined, requiresCertificate: false });
const server = await startControlServer({
  host: "127.0.0.1",
  port: 0,
  service: {
    definition: EdgeServiceService,
    implementation: { sendTelemetry: (_call: unknown, answer: (error: { code: status }) => void) => answer({ code: status.ABORTED }) },
    admit,
  },
  certificates: await createCertificates({ authority, names: [], own: undefined, logger, onChange: () => undefined }),
  asksForCertificate: false,
  logger,
});
process.on("message", () => process.send?.(process.resourceUsage().maxRSS * 1024));
process.on("disconnect", () => process.exit(0));
process.send?.(server.port);
