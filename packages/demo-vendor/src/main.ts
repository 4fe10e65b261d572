import { startDemoVendor } from "./server.ts";

const port = Number(process.env.DEMO_VENDOR_PORT || 8081);
const host = process.env.HOST || "127.0.0.1";

try {
  const vendor = await startDemoVendor({ port, host });
  process.stderr.write(`demo vendor listens on ${vendor.url}\n`);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => void vendor.close().then(() => process.exit(0)));
  }
} catch (error) {
  const inUse = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  process.stderr.write(inUse ? `Port ${port} is taken: set DEMO_VENDOR_PORT to a free one.\n` : `${String(error)}\n`);
  process.exit(1);
}
