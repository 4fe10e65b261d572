import { createServer, type Server } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import { fileURLToPath } from "node:url";
import { migrateDeploy } from "@portico/migrations";
import { createOutbound, type OutboundSettings, type Purpose } from "@portico/outbound";
import { fetch } from "undici";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { anApp, anLlm } from "../gateway/test/hub.ts";
import { aWorld, call, endWorlds, secret, until } from "../gateway/test/world.ts";
import { aStudio, type Studio } from "../server/testing.ts";

// Where a connection may not go, however its address is written, whoever named it and whatever DNS says a moment later.
const never = [
  "http://169.254.169.254/latest/meta-data",
  "https://169.254.169.254",
  "http://169.254.169.254:8080",
  "http://169.254.169.254./",
  "http://2852039166/", // decimal
  "http://0xa9fea9fe/", // hex
  "http://0251.0376.0251.0376/", // octal
  "http://0xa9.254.0251.254/", // mixed
  "http://169.16689662/", // short
  "http://１６９.254.169.254/", // full-width digits
  "http://[::ffff:169.254.169.254]/", // mapped
  "http://[::ffff:a9fe:a9fe]/",
  "http://[::ffff:0:a9fe:a9fe]/", // translated
  "http://[::a9fe:a9fe]/", // compatible
  "http://[64:ff9b::a9fe:a9fe]/", // NAT64
  "http://[64:ff9b:1::a9fe:a9fe]/", // local-use NAT64
  "http://[2002:a9fe:a9fe::1]/", // 6to4
  "http://[2001:0:a9fe:a9fe::1]/", // Teredo server
  "http://[2001:0:1:2:3:4:5601:5601]/", // Teredo client
  "http://[2620:1:2:3:0:5efe:a9fe:a9fe]/", // ISATAP
  "http://169.254.170.2/v2/credentials",
  "http://100.100.100.200/", // Alibaba
  "http://168.63.129.16/", // Azure
  "http://192.0.0.192/", // Oracle
  "http://[fd00:ec2::254]/", // AWS
  "http://[fd20:ce::254]/", // Google
  "http://metadata.google.internal/",
  "http://METADATA.google.internal./",
  "http://[fe80::1]/",
  "http://169.254.1.1/",
  "http://0.0.0.0/",
  "http://0/",
  "http://[::]/",
  "http://[::ffff:0.0.0.0]/",
  "http://224.0.0.1/",
  "http://239.255.255.250/",
  "http://[ff02::1]/",
  "http://255.255.255.255/",
  "http://240.0.0.1/",
];
const inside = [
  "http://127.0.0.1:11434/v1",
  "http://127.1/",
  "http://2130706433/",
  "http://0x7f000001/",
  "http://0177.0.0.1/",
  "http://[::1]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[64:ff9b::7f00:1]/",
  "http://[2002:7f00:1::]/",
  "http://10.0.0.1/",
  "http://172.16.0.1/",
  "http://172.31.255.255/",
  "http://192.168.1.1/",
  "http://100.64.0.1/",
  "http://[fd12:3456::1]/",
];
const outside = [
  "https://api.openai.com/v1",
  "https://93.184.215.14/",
  "https://[2606:4700::1111]/",
  "http://172.32.0.1/",
  "http://11.0.0.1/",
];

const faultOf = (purpose: Purpose, url: string, settings: OutboundSettings = {}) =>
  createOutbound(settings).faultOfUrl(purpose, new URL(url));
const answering = (...addresses: string[]): LookupFunction =>
  ((_host, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    )) as LookupFunction;

describe("an address that is never called", () => {
  test.each(never)("%s", (url) => {
    for (const purpose of ["llm", "webhook", "import", "plugin"] as const)
      expect(faultOf(purpose, url, { allow: "0.0.0.0/0, ::/0, metadata.google.internal" })).toMatch(/never called/);
  });

  test("is not reached by a name that resolves to it, and no setting opens it", async () => {
    for (const address of ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "fe80::1%eth0", "0.0.0.0", "fd00:ec2::254"]) {
      const agent = createOutbound({ lookup: answering(address), allow: "*.example, 0.0.0.0/0, ::/0" }).agent({ purpose: "llm" });
      await expect(fetch("http://rebound.example/", { dispatcher: agent })).rejects.toMatchObject({ cause: { code: "OUTBOUND_REFUSED" } });
      await agent.close();
    }
  });
});

test("addresses of this machine and of private networks are for LLM endpoints only, unless a setting says so", () => {
  for (const url of inside) {
    expect([url, faultOf("llm", url)]).toEqual([url, undefined]);
    for (const purpose of ["webhook", "import", "plugin"] as const) expect([url, faultOf(purpose, url)]).toEqual([url, expect.any(String)]);
    expect([
      url,
      faultOf("webhook", url, { allow: "127.0.0.0/8 ::1 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 fd00::/8" }),
    ]).toEqual([url, undefined]);
  }
  for (const url of outside)
    for (const purpose of ["llm", "webhook", "import", "plugin"] as const) expect([url, faultOf(purpose, url)]).toEqual([url, undefined]);
});

test("what a setting denies is denied, whatever another allows", () => {
  const settings = { allow: "10.0.0.0/8, *.internal", deny: "10.9.0.0/16 secret.internal *.blocked.example" };
  expect(faultOf("llm", "http://10.9.1.1/", settings)).toMatch(/PORTICO_OUTBOUND_DENY/);
  expect(faultOf("llm", "http://[::ffff:10.9.1.1]/", settings)).toMatch(/PORTICO_OUTBOUND_DENY/);
  expect(faultOf("webhook", "http://SECRET.internal./", settings)).toMatch(/PORTICO_OUTBOUND_DENY/);
  expect(faultOf("llm", "https://a.blocked.example/", settings)).toMatch(/PORTICO_OUTBOUND_DENY/);
  expect(faultOf("llm", "https://blocked.example/", settings)).toBeUndefined();
  expect(faultOf("webhook", "http://10.8.1.1/", settings)).toBeUndefined();
  for (const deny of ["10.0.0.0/33", "300.1.1.1", "10.0.0", "a b/c", "http://x", "x:80"])
    expect(() => createOutbound({ deny }), deny).toThrow("PORTICO_OUTBOUND_DENY");
});

describe("our own ports", () => {
  const own = [
    { host: "", port: 3000 },
    { host: "127.0.0.1", port: 5432 },
    { host: "hub.example", port: 50_051 },
  ];
  test.each([
    "http://127.0.0.1:3000",
    "http://127.9.9.9:3000",
    "http://localhost:3000",
    "http://LOCALHOST.:3000",
    "http://x.localhost:5432",
    "http://[::1]:5432",
    "http://[::ffff:7f00:1]:5432",
    "http://192.0.2.7:3000",
    "http://[2001:db8::7]:3000",
    "https://hub.example:50051",
    "https://HUB.example.:50051",
  ])("are never called: %s", (url) => {
    expect(faultOf("llm", url, { own, localAddresses: () => ["127.0.0.1", "192.0.2.7", "2001:db8::7"], allow: "0.0.0.0/0 ::/0" })).toMatch(
      /this installation itself/,
    );
  });
  test("are told from the same ports elsewhere", () => {
    for (const url of ["http://192.0.2.8:3000", "http://127.0.0.1:3001", "https://other.example:50051"])
      expect([url, faultOf("llm", url, { own, localAddresses: () => ["192.0.2.7"] })]).toEqual([url, undefined]);
  });
});

describe("connections", () => {
  let server: Server;
  let port: number;
  let calls: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      calls.push(`${request.headers.host}${request.url}`);
      const target = new URL(request.url ?? "/", "http://x").searchParams.get("to");
      response.writeHead(target ? 302 : 200, target ? { location: target, connection: "close" } : { connection: "close" });
      response.end("hello");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => void server.close());
  afterEach(() => {
    calls = [];
  });

  test("are judged by the address they are made to, not by what the name meant before", async () => {
    const answers = ["127.0.0.1", "169.254.169.254"];
    const lookup: LookupFunction = (...args) => answering(answers.shift() ?? "")(...args);
    const agent = createOutbound({ lookup }).agent({ purpose: "llm" });
    const url = `http://rebinding.example:${port}/`;
    expect((await fetch(url, { dispatcher: agent })).status).toBe(200);
    await expect(fetch(url, { dispatcher: agent })).rejects.toMatchObject({ cause: { code: "OUTBOUND_REFUSED" } });
    expect([calls.length, answers]).toEqual([1, []]);
    await agent.close();
  });

  test("use what is allowed of a name's addresses and nothing else", async () => {
    const agent = createOutbound({ lookup: answering("169.254.169.254", "127.0.0.1", "fe80::1") }).agent({ purpose: "llm" });
    expect((await fetch(`http://mixed.example:${port}/`, { dispatcher: agent })).status).toBe(200);
    await agent.close();
  });

  test("that a redirect asks for are judged like first ones", async () => {
    const agent = createOutbound({ own: [{ host: "", port: 5432 }] }).agent({ purpose: "llm" });
    for (const to of ["http://169.254.169.254/", "http://[::ffff:a9fe:a9fe]/", "http://127.0.0.1:5432/"])
      await expect(fetch(`http://127.0.0.1:${port}/?to=${encodeURIComponent(to)}`, { dispatcher: agent })).rejects.toMatchObject({
        cause: { code: "OUTBOUND_REFUSED" },
      });
    await agent.close();
    const webhooks = createOutbound({ lookup: answering("127.0.0.1"), allow: "hooks.example" }).agent({ purpose: "webhook" });
    await expect(
      fetch(`http://hooks.example:${port}/?to=${encodeURIComponent(`http://127.0.0.1:${port}/`)}`, { dispatcher: webhooks }),
    ).rejects.toMatchObject({ cause: { code: "OUTBOUND_REFUSED" } });
    await webhooks.close();
    expect(calls).toHaveLength(4);
  });

  test("that stay open are not judged again", async () => {
    const keepAlive = createServer((_, response) => response.end("kept"));
    await new Promise<void>((resolve) => keepAlive.listen(0, "127.0.0.1", resolve));
    let lookups = 0;
    const lookup: LookupFunction = (...args) => {
      lookups++;
      answering("127.0.0.1")(...args);
    };
    const agent = createOutbound({ lookup }).agent({ purpose: "llm", connections: 1 });
    const url = `http://kept.example:${(keepAlive.address() as AddressInfo).port}/`;
    for (let i = 0; i < 5; i++) expect(await (await fetch(url, { dispatcher: agent })).text()).toBe("kept");
    expect(lookups).toBe(1);
    await agent.close();
    keepAlive.close();
  });
});

describe("the gateway", () => {
  afterEach(endWorlds);
  const ask = (world: Awaited<ReturnType<typeof aWorld>>, slug: string) =>
    call(world.gateway, `/llm/call/${slug}/v1/chat/completions`, {
      body: { model: "demo-small", messages: [{ role: "user", content: "hi" }] },
    });

  test("does not call what an endpoint's name resolves to when that is not allowed, and says so without the address", async () => {
    let address = "127.0.0.1";
    const lookup: LookupFunction = (...args) => answering(address)(...args);
    const world = await aWorld({
      settings: { outbound: createOutbound({ lookup }) },
      snapshot: (hub, vendorUrl) => ({
        llms: [{ ...anLlm(hub, vendorUrl), endpoint: vendorUrl.replace("127.0.0.1", "vendor.example") }],
        apps: [anApp(secret)],
      }),
    });
    expect((await ask(world, "demo")).status).toBe(200);
    address = "169.254.169.254";
    // Another pool: the open connection to the address that was allowed is used as long as it lives.
    world.hub.push({
      llms: [{ ...anLlm(world.hub, world.vendorUrl), endpoint: world.vendorUrl.replace("127.0.0.1", "other.example") }],
      apps: [anApp(secret)],
    });
    await until(() => world.hub.results.length > 1);
    const refused = await ask(world, "demo");
    expect([refused.status, refused.json.message]).toEqual([502, expect.stringContaining("at an address that this gateway may not call")]);
    expect(refused.text).not.toContain("169.254");
  });
});

describe("the gateway's plugins", () => {
  afterEach(endWorlds);
  test("do not lead a request to where the policy does not", async () => {
    const command = `file://${fileURLToPath(new URL("../gateway/test/fixtures/hooks-plugin.ts", import.meta.url))}`;
    const { gateway } = await aWorld({
      settings: { outbound: createOutbound({ deny: "127.0.0.66" }) },
      snapshot: (hub, vendorUrl) => ({
        llms: [anLlm(hub, vendorUrl, { plugins: [{ pluginId: 1, sealedConfigOverrideJson: Buffer.alloc(0) }] })],
        apps: [anApp(secret)],
        plugins: [
          {
            id: 1,
            name: "Hooks",
            slug: "hooks",
            command,
            checksum: "",
            sealedConfigJson: hub.seal("{}"),
            hookTypes: ["post_auth"],
            serviceScopes: ["kv.readwrite"],
            generation: 1,
          },
        ],
      }),
    });
    await until(async () => (await call(gateway, "/ready")).status === 200, 15_000);
    for (const to of ["http://169.254.169.254/", "http://[::ffff:169.254.169.254]/", "http://127.0.0.66:8080/"]) {
      const refused = await call(gateway, "/llm/call/demo/v1/chat/completions", {
        body: { model: "demo-small", messages: [{ role: "user", content: "hi" }] },
        headers: { "x-test-upstream": to },
      });
      expect([to, refused.status, refused.json.message]).toEqual([to, 502, expect.stringContaining("may not call")]);
    }
  });
});

describe("the studio", () => {
  let studio: Studio;
  beforeAll(async () => {
    studio = await aStudio({ env: { PORT: "3000", PORTICO_OUTBOUND_DENY: "10.9.0.0/16" } });
  });
  afterAll(() => studio.close());
  let ids = 0;
  const create = (api_endpoint: string) => studio.call("POST", "/api/v1/llms", { name: `Model ${++ids}`, vendor: "openai", api_endpoint });

  test("saves no LLM whose endpoint is never called, and names the field", async () => {
    const database = new URL(studio.databaseUrl);
    const ours = [3000, 8080, Number(database.port)].flatMap((port) => [`http://127.0.0.1:${port}/v1`, `http://localhost:${port}`]);
    for (const endpoint of [...never.filter((url) => !/[^\x20-\x7e]/.test(url)), ...ours, "http://10.9.1.1/v1"]) {
      const answer = await create(endpoint);
      expect([endpoint, answer.status, answer.errors[0]?.field]).toEqual([endpoint, 422, "api_endpoint"]);
      expect(answer.errors[0]?.detail).toMatch(/^api_endpoint: leads to /);
    }
    for (const endpoint of ["http://127.0.0.1:11434/v1", "http://192.168.1.5:8000", "https://api.example.test/v1?api-version=2024-10-21"])
      expect((await create(endpoint)).data.attributes.api_endpoint).toBe(endpoint);
  });

  test("refuses to move an LLM there, and lets one that is there be switched off", async () => {
    const path = `/api/v1/llms/${(await create("https://api.example.test/v1")).data.id}`;
    expect((await studio.call("PATCH", path, { api_endpoint: "http://169.254.169.254/" })).status).toBe(422);
    await studio.db.prisma.llm.update({ where: { id: Number(path.split("/").at(-1)) }, data: { apiEndpoint: "http://169.254.169.254" } });
    expect((await studio.call("PATCH", path, { active: false })).data.attributes.active).toBe(false);
  });

  test("takes no endpoint with a password, a fragment, or what URL parsers forgive", async () => {
    for (const endpoint of [
      "https://user:pw@host.example/v1",
      "https://user@host.example/v1",
      "https://:pw@host.example/v1",
      "https://@host.example/v1",
      "https://host.example/v1#frag",
      "https://host.example/v1#",
      "https://host.example/ v1",
      "https://host.example/\tv1",
      "https://ho\nst.example/",
      "https:\\\\host.example\\v1",
      "https:host.example",
      "https:///host.example",
      "ftp://host.example",
      "file:///etc/passwd",
      "javascript:alert(1)",
      "gopher://host.example",
      "//host.example",
      "host.example",
      "http://",
      "http://[::1",
      "http://h:99999",
    ]) {
      const answer = await create(endpoint);
      expect([endpoint, answer.status, answer.errors[0]?.field]).toEqual([endpoint, 422, "api_endpoint"]);
    }
  });

  test("shows no password of an endpoint that an older version stored, and an update cleans it up everywhere", async () => {
    const created = await create("https://host.example/v1");
    const id = Number(created.data.id);
    const old = "https://user:s3cret-pw@host.example/v1?x=1#frag";
    await studio.db.prisma.llm.update({ where: { id }, data: { apiEndpoint: old } });
    const app = await studio.call("POST", "/api/v1/apps", { name: "old" });
    await studio.db.sql.query("UPDATE apps SET budget_start_at = '20000-01-01Z' WHERE id = $1", [app.data.id]);
    await studio.db.sql.query(
      `UPDATE audit_log SET changes = jsonb_set(changes, '{api_endpoint}', to_jsonb($1::text)) WHERE object_type = 'llm' AND object_id = $2`,
      [old, String(id)],
    );
    await studio.db.sql.query(
      `UPDATE outbox_events SET payload = jsonb_set(payload, '{object,api_endpoint}', to_jsonb($1::text)) WHERE object_type = 'llm' AND object_id = $2`,
      [old, String(id)],
    );
    for (const path of [`/api/v1/llms/${id}`, "/api/v1/llms?all=true"])
      expect((await studio.call("GET", path)).text).not.toContain("s3cret-pw");

    await studio.db.sql.query("DELETE FROM _prisma_migrations WHERE migration_name LIKE '007_%'");
    expect(await migrateDeploy(studio.databaseUrl)).toEqual(["007_readable_times_and_urls"]);
    const tables = await Promise.all(
      ["llms", "audit_log", "outbox_events"].map((table) => studio.db.sql.query(`SELECT to_jsonb(t)::text AS row FROM ${table} t`)),
    );
    const rows = tables.flatMap(({ rows: all }) => (all as { row: string }[]).map(({ row }) => row));
    expect(rows.filter((row) => row.includes("s3cret-pw"))).toEqual([]);
    expect((await studio.call("GET", `/api/v1/llms/${id}`)).data.attributes.api_endpoint).toBe("https://host.example/v1?x=1");
    expect((await studio.call("GET", `/api/v1/apps/${app.data.id}`)).data.attributes.budget_start_date).toBeNull();
  });
});
