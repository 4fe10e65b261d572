import { scryptSync } from "node:crypto";
import { hashToken, newToken } from "@portico/core/tokens";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createAuthenticator } from "../server/auth/authenticator.ts";
import { createPasswords } from "../server/auth/passwords.ts";
import { createAuthService } from "../server/auth/service.ts";
import { createSignInLimits } from "../server/auth/sign-in-limits.ts";
import { createSignInStore } from "../server/auth/sign-in-store.ts";
import { createAuthStore } from "../server/auth/store.ts";
import { createTokenMint } from "../server/auth/token-mint.ts";
import { tokenStore } from "../server/auth/token-store.ts";
import { aStudio, type Studio } from "../server/testing.ts";

const password = "correct horse battery";
/** Its hash at a thirtieth of the usual cost: what is tested is how many guesses are judged, not how long that takes. */
const salt = Buffer.alloc(16, 7);
const cheapKey = scryptSync(password, salt, 32, { N: 1024, r: 8, p: 1 });
const passwordHash = `scrypt$1024$8$1$${salt.toString("base64url")}$${cheapKey.toString("base64url")}`;
let studio: Studio;
/** A second studio on the same database. */
let replica: Studio;

beforeAll(async () => {
  studio = await aStudio();
  replica = await aStudio({ env: { DATABASE_URL: studio.databaseUrl } });
});
afterAll(async () => {
  await replica?.close();
  await studio?.close();
});
beforeEach(async () => {
  await studio.db.prisma.signInAttempt.deleteMany();
});

let counter = 0;
async function aPerson({ isAdmin = false, emailVerified = true } = {}) {
  const email = `person${++counter}@attacked.test`;
  const { id } = await studio.db.prisma.user.create({ data: { email, name: "Somebody Else", isAdmin, emailVerified, passwordHash } });
  return { id, email };
}
/** A signed-in browser without the cost of signing in. */
async function aSession(userId: number, on = studio) {
  const token = newToken("ps");
  const data = { userId, tokenHash: hashToken(token), expiresAt: new Date(Date.now() + 3_600_000) };
  const { id } = await studio.db.prisma.userSession.create({ data });
  const browser = on.aBrowser();
  browser.cookies.set("session", token);
  return { id, token, browser };
}
/** Resolves when a statement waits for a row that a transaction holds. */
const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
const someoneWaits = () => expect.poll(async () => (await studio.db.sql.query(waiting)).rowCount, { timeout: 5_000 }).toBeGreaterThan(0);
const later = (ms: number) => new Date(Date.now() + ms).toISOString();
const status = async (answer: Promise<{ status: number }>) => (await answer).status;
const me = (token: string) => status(studio.call("GET", "/common/me", undefined, { token }));

/** Guesses all at once, each from its own browser. @returns how often each status was answered, and the waits that were named. */
async function guessAll(guesses: { email: string; ip: string; password?: string; on?: Studio; headers?: Record<string, string> }[]) {
  const answers = await Promise.all(
    guesses.map(async ({ email, ip, password: guess = "not the password", on = studio, headers = {} }) => {
      const browser = on.aBrowser({ ip });
      const csrf = await browser.csrfToken();
      return browser.fetch("POST", "/auth/login", { body: { email, password: guess }, headers: { "x-csrf-token": csrf, ...headers } });
    }),
  );
  const count = (wanted: number) => answers.filter((answer) => answer.status === wanted).length;
  const waits = answers.filter((answer) => answer.status === 429).map((answer) => answer.headers.get("retry-after") ?? "");
  return { judged: count(401), letIn: count(200), refused: count(429), waits };
}

describe("guessing passwords", () => {
  test("two hundred guesses at once are ten, on two replicas too, whatever X-Forwarded-For says", async () => {
    const { email } = await aPerson();
    const guesses = Array.from({ length: 200 }, (_, at) => ({
      email,
      ip: "198.51.100.7",
      on: at % 2 === 0 ? studio : replica,
      headers: { "x-forwarded-for": `203.0.113.${at}` },
      ...(at === 199 ? { password } : {}),
    }));
    const { judged, letIn, refused, waits } = await guessAll(guesses);
    expect(judged + letIn).toBe(10);
    expect(refused).toBe(190);
    for (const wait of waits) {
      expect(wait).toMatch(/^\d+$/);
      expect(Number(wait)).toBeGreaterThan(0);
      expect(Number(wait)).toBeLessThanOrEqual(60);
    }
  });

  test("one address does not try a password on a hundred accounts", async () => {
    const people = Array.from({ length: 100 }, (_, at) => ({ email: `sprayed${at}@attacked.test`, name: "Sprayed", passwordHash }));
    await studio.db.prisma.user.createMany({ data: people });
    const guesses = people.map(({ email }) => ({ email, ip: "198.51.100.8" }));
    const { judged, refused } = await guessAll(guesses);
    expect([judged, refused]).toEqual([30, 70]);
  });

  test("one account is not guessed at from many addresses, and its owner still signs in from where they did before", async () => {
    const { email } = await aPerson();
    const from = (ip: string) => studio.aBrowser({ ip }).signIn(email, password);
    expect(await status(from("192.0.2.50"))).toBe(200);

    const { judged, refused } = await guessAll(Array.from({ length: 40 }, (_, at) => ({ email, ip: `198.51.100.${100 + at}` })));
    expect([judged, refused]).toEqual([20, 20]);

    expect(await status(from("192.0.2.50"))).toBe(200);
    const elsewhere = await from("192.0.2.51");
    expect(elsewhere.errors[0]).toMatchObject({ status: "429", code: "rate_limited" });
    const wait = Number(elsewhere.headers.get("retry-after"));
    expect(elsewhere.errors[0]?.detail).toContain(`${wait} seconds`);
    expect(wait).toBeLessThanOrEqual(60);

    // Nobody is locked out: after the wait that was named the right password is let in from anywhere.
    await studio.db.sql.query("UPDATE sign_in_attempts SET clears_at = clears_at - $1 * interval '1 second'", [wait]);
    expect(await status(from("192.0.2.51"))).toBe(200);
  });

  test("attempts that are turned away because too many are being checked do not use up the account's own", async () => {
    const { email } = await aPerson();
    const store = createAuthStore(studio.db);
    const auth = createAuthService({
      db: studio.db,
      store,
      authenticator: createAuthenticator({ store }),
      passwords: createPasswords({ concurrency: 0, maxWaiting: 0 }),
      limits: createSignInLimits(createSignInStore(studio.db)),
      mint: createTokenMint({ store: tokenStore }),
    });
    const attempt = { email, password, ip: "198.51.100.9", userAgent: "", formerSession: undefined };
    for (let at = 0; at < 12; at++) await expect(auth.signIn(attempt)).rejects.toMatchObject({ status: 503, retryAfterSeconds: 3 });
    expect(await studio.db.prisma.signInAttempt.count()).toBe(0);
  });

  test("what is answered says nothing about an account whose address is not verified, unless the password is right", async () => {
    const { email } = await aPerson({ emailVerified: false });
    const said = async (who: string, guess: string) => {
      const { errors } = await studio.aBrowser().signIn(who, guess);
      return [errors[0]?.status, errors[0]?.detail];
    };
    const generic = ["401", "Invalid email or password"];
    expect(await said(email, "not the password")).toEqual(generic);
    expect(await said("nobody@attacked.test", password)).toEqual(generic);
    expect(await said(email, password)).toEqual(["401", "Email unverified, please verify email or contact your administrator"]);
  });

  test("weak passwords are not set on any way, and the sentence says what is wrong", async () => {
    const { email } = await aPerson();
    const { id } = await aPerson();
    const fault = async (method: string, path: string, body: object) => {
      const answer = await studio.call(method, path, body);
      return [answer.status, answer.errors[0]?.field, answer.errors[0]?.detail];
    };
    for (const [weak, reason] of [
      ["password", "common"],
      ["P@ssw0rd", "common"],
      ["Summer2026!", "common"],
      ["adminadmin", "common"],
      ["        ", "spaces"],
      ["aaaaaaaaaaaa", "different characters"],
      ["abcdefghij", "sequence"],
      ["mallory.vane@attacked.test", "own"],
      ["mallory.vane1", "own"],
      ["MalloryVane!!", "own"],
      ["portico-2026", "own"],
      ["short", "at least 8"],
      ["x".repeat(1001), "too long"],
    ] as const) {
      const profile = { name: "Mallory Vane", email: "mallory.vane@attacked.test" };
      expect(await fault("POST", "/api/v1/users", { ...profile, password: weak })).toEqual([
        422,
        "password",
        expect.stringContaining(reason),
      ]);
      expect(await fault("PATCH", `/api/v1/users/${id}`, { ...profile, password: weak })).toEqual([
        422,
        "password",
        expect.stringContaining(reason),
      ]);
    }
    expect(
      await studio.db.prisma.user.count({ where: { OR: [{ name: "Mallory Vane" }, { email, passwordHash: { not: passwordHash } }] } }),
    ).toBe(0);
    await expect(aStudio({ env: { ADMIN_PASSWORD: "password1" } })).rejects.toThrow(/ADMIN_PASSWORD .*common/);
  });
});

describe("sessions and tokens", () => {
  test("no session and no API token survives a password change, and the answer says so", async () => {
    const { id } = await aPerson();
    const { browser } = await aSession(id);
    const { token } = (await browser.send("POST", "/common/api-tokens", { name: "old" })).data.attributes as { token: string };
    const key = String((await studio.call("POST", `/api/v1/users/${id}/roll-api-key`)).data.attributes.api_key);
    expect([await me(token), await me(key), await status(browser.send("GET", "/common/me"))]).toEqual([200, 200, 200]);

    const changed = await studio.call("PATCH", `/api/v1/users/${id}`, { password: "another horse battery" });
    expect(changed.json).toMatchObject({ meta: { ended: { sessions: 1, api_tokens: 2 } } });
    expect([await me(token), await me(key), await status(browser.send("GET", "/common/me"))]).toEqual([401, 401, 401]);
  });

  test("a token that is being made while the password changes does not survive it", async () => {
    const { id } = await aPerson();
    const { browser } = await aSession(id);
    const csrf = await browser.csrfToken();
    let making: Promise<Response> | undefined;
    await studio.db.prisma.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT id FROM users WHERE id = ${id} FOR UPDATE`;
      making = browser.fetch("POST", "/common/api-tokens", { body: { name: "racing" }, headers: { "x-csrf-token": csrf } });
      await someoneWaits();
      await tx.userSession.deleteMany({ where: { userId: id } });
    });
    expect((await making)?.status).toBe(401);
    expect(await studio.db.prisma.apiToken.count({ where: { userId: id } })).toBe(0);
  });

  test("a sign-in with the old password that is under way while it changes makes no session", async () => {
    const { id, email } = await aPerson();
    let signingIn: Promise<{ status: number }> | undefined;
    await studio.db.prisma.$transaction(async (tx) => {
      await tx.user.update({ where: { id }, data: { passwordHash: `${passwordHash}x` } });
      signingIn = studio.aBrowser({ ip: "192.0.2.61" }).signIn(email, password);
      await someoneWaits();
    });
    expect((await signingIn)?.status).toBe(401);
    expect(await studio.db.prisma.userSession.count({ where: { userId: id } })).toBe(0);
  });

  test("expired sessions and tokens do not pile up", async () => {
    const { id } = await aPerson();
    const expired = { userId: id, expiresAt: new Date(Date.now() - 1_000) };
    await studio.db.prisma.apiToken.create({ data: { ...expired, name: "old", hint: "", tokenHash: newToken("x") } });
    await studio.db.prisma.userSession.create({ data: { ...expired, tokenHash: newToken("x") } });
    const { apiToken, userSession } = studio.db.prisma;
    const left = async () => (await apiToken.count({ where: { userId: id } })) + (await userSession.count({ where: { userId: id } }));
    await studio.db.sql.query("SELECT graphile_worker.add_job('trim-sign-in')");
    await expect.poll(left, { timeout: 10_000 }).toBe(0);
  });

  test("another role ends the sessions of the former one", async () => {
    const { id } = await aPerson();
    const { browser } = await aSession(id);
    expect((await studio.call("PATCH", `/api/v1/users/${id}`, { is_admin: true })).json).toMatchObject({
      meta: { ended: { sessions: 1 } },
    });
    expect(await status(browser.send("GET", "/common/me"))).toBe(401);
  });

  test("signing in again ends the session that the browser had, and signing out ends it on every replica", async () => {
    const { email } = await aPerson();
    const browser = studio.aBrowser({ ip: "192.0.2.60" });
    const meOn = async (on: Studio, session: string) => {
      const other = on.aBrowser();
      other.cookies.set("session", session);
      return status(other.send("GET", "/common/me"));
    };
    await browser.signIn(email, password);
    const first = browser.cookies.get("session") ?? "";
    await browser.signIn(email, password);
    const second = browser.cookies.get("session") ?? "";
    expect([await meOn(studio, first), await meOn(studio, second), await meOn(replica, second)]).toEqual([401, 200, 200]);
    expect((await browser.send("POST", "/common/logout")).status).toBe(200);
    expect(await meOn(studio, second)).toBe(401);
    // The replica has seen it a moment ago and would go on trusting it for five seconds.
    await expect.poll(() => meOn(replica, second), { timeout: 3_000, interval: 20 }).toBe(401);
  });

  test("a token does not outlive the one that made it, directly or by rolling an API key", async () => {
    const { id } = await aPerson({ isAdmin: true });
    const { browser } = await aSession(id);
    const minted = async (as: string, body: object) => studio.call("POST", "/common/api-tokens", body, { token: as });
    const expires_at = later(3_600_000);
    const parent = (await browser.send("POST", "/common/api-tokens", { name: "short", expires_at })).data;
    const parentToken = String(parent.attributes.token);

    const child = (await minted(parentToken, { name: "endless" })).data.attributes;
    expect(child.expires_at).toBe(expires_at);
    const longer = await minted(parentToken, { name: "longer", expires_at: later(7_200_000) });
    expect(longer.errors[0]).toMatchObject({ status: "422", field: "expires_at" });
    const grandchild = (await minted(String(child.token), { name: "endless too" })).data.attributes;
    expect(grandchild.expires_at).toBe(expires_at);
    const rolled = await studio.call("POST", `/api/v1/users/${id}/roll-api-key`, undefined, { token: parentToken });
    const key = String(rolled.data.attributes.api_key);
    expect((await studio.db.prisma.apiToken.findFirst({ where: { tokenHash: hashToken(key) } }))?.expiresAt?.toISOString()).toBe(
      expires_at,
    );
    // From a session the choice is free.
    expect((await browser.send("POST", "/common/api-tokens", { name: "free" })).data.attributes.expires_at).toBeNull();

    expect(await status(browser.send("DELETE", `/common/api-tokens/${parent.id}`))).toBe(204);
    expect(await Promise.all([parentToken, String(child.token), String(grandchild.token), key].map(me))).toEqual([401, 401, 401, 401]);
  });

  test("a token's expiry is a time to come, and nothing that only looks like one", async () => {
    for (const expires_at of [
      true,
      0,
      1,
      "2001-01-01T00:00:00Z",
      "-271821-04-20T00:00:00.000Z",
      "+275760-09-13T00:00:00Z",
      "soon",
      [2030],
    ]) {
      const answer = await studio.call("POST", "/common/api-tokens", { name: "x", expires_at });
      expect([expires_at, answer.status, answer.errors[0]?.field]).toEqual([expires_at, 422, "expires_at"]);
    }
  });

  test("nobody collects API tokens without bound, not even all at once", async () => {
    const { id } = await aPerson();
    const { browser } = await aSession(id);
    const tokens = Array.from({ length: 45 }, (_, at) => ({ userId: id, name: `${at}`, tokenHash: newToken("x"), hint: "" }));
    await studio.db.prisma.apiToken.createMany({ data: tokens });
    const answers = await Promise.all(Array.from({ length: 12 }, () => browser.send("POST", "/common/api-tokens", { name: "more" })));
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(5);
    expect(answers.filter((answer) => answer.status === 409)).toHaveLength(7);
  });

  test("an API token is no session and a session no API token, whichever was seen a moment ago", async () => {
    const { id } = await aPerson();
    const { token: session, browser } = await aSession(id);
    const { token } = await studio.aUser();
    expect([await status(browser.send("GET", "/common/me")), await me(token)]).toEqual([200, 200]);
    browser.cookies.set("session", token);
    expect([await status(browser.send("GET", "/common/me")), await me(session)]).toEqual([401, 401]);
  });

  test("an administrator does not become the super administrator", async () => {
    const other = await studio.aUser({ isAdmin: true });
    for (const [method, path, body] of [
      ["PATCH", "/api/v1/users/1", { password: "another horse battery" }],
      ["PATCH", "/api/v1/users/1", { email: "taken@attacked.test" }],
      ["POST", "/api/v1/users/1/roll-api-key", undefined],
    ] as const)
      expect((await studio.call(method, path, body, other)).errors[0]).toMatchObject({ status: "403", code: "forbidden" });
    expect(await status(studio.call("PATCH", "/api/v1/users/1", { name: "Admin", email: studio.admin.email }, other))).toBe(200);
    expect(await status(studio.call("POST", "/api/v1/users/1/roll-api-key"))).toBe(200);
  });
});

describe("the stream of changes", () => {
  async function listen(headers: Record<string, string>) {
    const leave = new AbortController();
    const request = new Request("http://studio.test/api/v1/events", { headers, signal: leave.signal });
    const response = await studio.runtime.application.fetch(request);
    expect(response.status).toBe(200);
    const stream = { isOpen: true, leave: () => leave.abort() };
    void response.body?.pipeTo(new WritableStream()).finally(() => {
      stream.isOpen = false;
    });
    return stream;
  }
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  test("ends for whoever is demoted, deleted, signed out, or whose token is revoked, made by a revoked one, or expires", async () => {
    const [demoted, deleted] = [await studio.aUser({ isAdmin: true }), await studio.aUser({ isAdmin: true })];
    const out = await aSession((await aPerson({ isAdmin: true })).id, replica);
    const owner = await studio.aUser({ isAdmin: true });
    const made = async (body: object, as: { token: string } = owner) => (await studio.call("POST", "/common/api-tokens", body, as)).data;
    const revoked = await made({ name: "revoked" });
    const child = await made({ name: "child" }, { token: String(revoked.attributes.token) });

    const bystander = await listen(bearer(studio.admin.token));
    /** Well before the heartbeat, at which it would be found out anyhow. */
    const ends = async (headers: Record<string, string>, action: () => Promise<unknown>) => {
      const stream = await listen(headers);
      await action();
      await expect.poll(() => stream.isOpen, { timeout: 5_000, interval: 10 }).toBe(false);
    };
    const childStream = await listen(bearer(String(child.attributes.token)));
    await ends(bearer(demoted.token), () => studio.call("PATCH", `/api/v1/users/${demoted.userId}`, { is_admin: false }));
    await ends(bearer(deleted.token), () => studio.call("DELETE", `/api/v1/users/${deleted.userId}`));
    await ends({ cookie: `session=${out.token}` }, () => out.browser.send("POST", "/common/logout"));
    await ends(bearer(String(revoked.attributes.token)), () => studio.call("DELETE", `/common/api-tokens/${revoked.id}`, undefined, owner));
    await expect.poll(() => childStream.isOpen, { timeout: 5_000, interval: 10 }).toBe(false);
    const brief = await made({ name: "brief", expires_at: later(1_000) });
    await ends(bearer(String(brief.attributes.token)), async () => {});
    expect(bystander.isOpen).toBe(true);
    bystander.leave();
  });
});

describe("a browser's requests", () => {
  test("a cookie and a header that agree are not enough: the CSRF token belongs to the session", async () => {
    const { browser, token: session } = await aSession(1);
    const stranger = studio.aBrowser();
    const strangersToken = await stranger.csrfToken();
    const [[visitorCookie, visitorId] = ["", ""]] = stranger.cookies;
    const others = await (await aSession((await aPerson()).id)).browser.csrfToken();
    const post = (cookie: string, header: string) =>
      status(
        studio.runtime.application.fetch(
          new Request("http://studio.test/common/api-tokens", {
            method: "POST",
            headers: { cookie, "x-csrf-token": header },
            body: '{"name":"csrf"}',
          }),
        ) as Promise<Response>,
      );
    expect(visitorCookie).toBe("portico_csrf");
    expect(await post(`session=${session}; portico_csrf=evil`, "evil")).toBe(403);
    expect(await post(`session=${session}; portico_csrf=${visitorId}`, visitorId)).toBe(403);
    expect(await post(`session=${session}; portico_csrf=${visitorId}`, strangersToken)).toBe(403);
    expect(await post(`session=${session}`, others)).toBe(403);
    expect(await post(`session=${session}`, await browser.csrfToken())).toBe(201);
  });

  test("nobody is signed in by a page that does not have the visitor's token", async () => {
    const { email } = await aPerson();
    const login = (headers: Record<string, string>) =>
      studio.aBrowser().fetch("POST", "/auth/login", { body: { email, password }, headers });
    expect(await status(login({}))).toBe(403);
    expect(await status(login({ cookie: "portico_csrf=evil", "x-csrf-token": "evil" }))).toBe(403);
    const visitor = studio.aBrowser();
    const csrf = await visitor.csrfToken();
    const answer = await visitor.fetch("POST", "/auth/login", { body: { email, password }, headers: { "x-csrf-token": csrf } });
    expect(answer.status).toBe(200);
    // The answer has the token of the new session; the visitor's is no longer good for anything.
    const fresh = answer.headers.get("x-csrf-token") ?? "";
    const make = (token: string) =>
      visitor.fetch("POST", "/common/api-tokens", { body: { name: "x" }, headers: { "x-csrf-token": token } });
    expect([await status(make(csrf)), await status(make(fresh))]).toEqual([403, 201]);
  });

  test("cookies that are no cookies of ours are never a fault of the server", async () => {
    for (const value of ["%E2%82%AC", "%00", "a%0ab", "a%0d%0aset-cookie:x=y", "%", "%ff", "\u00e4", "x".repeat(8_000)])
      for (const name of ["portico_csrf", "session", "__Host-session"]) {
        const headers = { cookie: `${name}=${value}` };
        const token = await studio.aBrowser().fetch("GET", "/csrf-token", { headers });
        expect([value.slice(0, 20), token.status, token.headers.get("x-csrf-token")]).toEqual([
          value.slice(0, 20),
          200,
          expect.stringMatching(/^[\w-]{43}$/),
        ]);
        expect(await status(studio.aBrowser().fetch("GET", "/common/me", { headers }))).toBe(401);
      }
  });

  test("over HTTPS no cookie counts that another host, port or plain connection could have set", async () => {
    const { email } = await aPerson();
    const browser = studio.aBrowser({ ip: "192.0.2.70", origin: "https://studio.test" });
    const csrf = await browser.csrfToken();
    const answer = await browser.fetch("POST", "/auth/login", { body: { email, password }, headers: { "x-csrf-token": csrf } });
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-session=[^;]+; Path=\/; Max-Age=\d+; SameSite=Lax; HttpOnly; Secure$/),
    ]);
    expect([...browser.cookies.keys()].sort()).toEqual(["__Host-portico_csrf", "__Host-session"]);
    expect(await status(browser.send("GET", "/common/me"))).toBe(200);

    const planted = studio.aBrowser({ origin: "https://studio.test" });
    planted.cookies.set("session", browser.cookies.get("__Host-session") ?? "");
    expect(await status(planted.send("GET", "/common/me"))).toBe(401);
    // Whoever says that the connection is secure has to be a proxy of ours.
    const liar = await studio.aBrowser().fetch("GET", "/csrf-token", { headers: { "x-forwarded-proto": "https" } });
    expect(liar.headers.getSetCookie()[0]).toMatch(/^portico_csrf=/);
  });
});
