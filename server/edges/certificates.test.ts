import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { createLogger } from "@portico/core/logger";
import { afterEach, expect, test, vi } from "vitest";
import { hubName, makeAuthority, openAuthority } from "./authority.ts";
import { createCertificates } from "./certificates.ts";
import { createFront } from "./control-front.ts";

const logger = createLogger({ level: "error" });
const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

test("edges that know the CA get its certificate, others the operator's", async () => {
  const authority = await openAuthority(await makeAuthority());
  const operator = await openAuthority(await makeAuthority());
  const dir = await mkdtemp(join(tmpdir(), "portico-certificates-"));
  endings.push(() => rm(dir, { recursive: true }));
  const pair = await operator.issueServer(["hub.example.com"]);
  const own = { certFile: join(dir, "cert.pem"), keyFile: join(dir, "key.pem") };
  await writeFile(own.certFile, pair.cert);
  await writeFile(own.keyFile, pair.key);
  const certificates = await createCertificates({ authority, names: ["hub.internal"], own, logger, onChange: () => undefined });
  endings.push(certificates.close);
  const front = createFront({ certificates, asksForCertificate: false, onConnection: (socket) => socket.destroy(), logger });
  endings.push(front.close);
  await new Promise<void>((resolve) => front.server.listen(0, "127.0.0.1", resolve));
  const { port } = front.server.address() as AddressInfo;
  const verified = async (servername: string, ca: string) => {
    const socket = connect({ port, host: "127.0.0.1", servername, ca, ALPNProtocols: ["h2"] });
    endings.push(() => socket.destroy());
    await once(socket, "secureConnect");
  };
  await verified(hubName, authority.certificate);
  await verified("hub.example.com", operator.certificate);
  await expect(verified("hub.example.com", authority.certificate)).rejects.toMatchObject({ code: expect.stringMatching(/CERT|VERIFY/) });
  await expect(verified(hubName, operator.certificate)).rejects.toMatchObject({ code: expect.stringMatching(/CERT|VERIFY/) });
});

test("a certificate names the hub's addresses, is of the CA with the fingerprint, and is renewed long before it expires", async () => {
  const authority = await openAuthority(await makeAuthority());
  vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] });
  endings.push(() => vi.useRealTimers());
  const shown: string[] = [];
  const certificates = await createCertificates({
    authority,
    names: ["hub.internal", "10.1.2.3"],
    own: undefined,
    logger,
    onChange: ({ cert }) => shown.push(cert),
  });
  endings.push(certificates.close);
  const first = new X509Certificate(certificates.current().cert);
  const ca = new X509Certificate(authority.certificate);
  expect(createHash("sha256").update(ca.raw).digest("hex")).toBe(authority.sha256);
  expect([first.verify(ca.publicKey), first.checkHost("hub.internal"), first.checkIP("10.1.2.3"), first.checkHost("localhost")]).toEqual([
    true,
    "hub.internal",
    "10.1.2.3",
    "localhost",
  ]);
  const lifeMs = Date.parse(first.validTo) - Date.now();
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(new X509Certificate(certificates.current().cert).serialNumber).toBe(first.serialNumber);
  vi.setSystemTime(Date.now() + lifeMs * 0.6);
  await vi.advanceTimersByTimeAsync(3_600_000);
  await vi.waitFor(() => expect(new X509Certificate(shown.at(-1) ?? "").serialNumber).not.toBe(first.serialNumber));
  const renewed = new X509Certificate(shown.at(-1) ?? "");
  expect(Date.parse(renewed.validTo) - Date.now()).toBeGreaterThan(lifeMs * 0.9);
  expect(renewed.verify(ca.publicKey)).toBe(true);
});

test("a certificate file that cannot be used stops the start with the names of the settings", async () => {
  const authority = await openAuthority(await makeAuthority());
  const own = { certFile: "/nowhere/cert.pem", keyFile: "/nowhere/key.pem" };
  await expect(createCertificates({ authority, names: [], own, logger, onChange: () => undefined })).rejects.toThrow(
    "PORTICO_HUB_TLS_CERT",
  );
});
