import { afterAll, beforeAll, expect, test } from "vitest";
import { aFile, aStudio, type Studio } from "../testing.ts";
import { ticketDocument } from "../tools/testing.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const upload = (...file: Parameters<typeof aFile>) => studio.call("POST", "/api/v1/filestore", aFile(...file));

test("a file is uploaded, found, changed, downloaded byte for byte and deleted, and shown without its content", async () => {
  const { call } = studio;
  const content = Uint8Array.from(Buffer.from("The printer is on floor 2.\r\nÄ\n"));
  const created = await upload("notizen ä.txt", content, { description: "Notes" });
  expect([created.status, created.data]).toMatchObject([
    201,
    {
      type: "filestore",
      attributes: { file_name: "notizen ä.txt", description: "Notes", length: content.length, last_processed_on: "0001-01-01T00:00:00Z" },
    },
  ]);
  const path = `/api/v1/filestore/${created.data.id}`;
  expect(created.text).not.toContain("printer");
  const download = await call("GET", `${path}/content`);
  expect(download.text).toBe(Buffer.from(content).toString("utf8"));
  expect(Object.fromEntries(download.headers)).toMatchObject({
    "content-type": "application/octet-stream",
    "content-disposition": "attachment; filename=\"notizen _.txt\"; filename*=UTF-8''notizen%20%C3%A4.txt",
    "x-content-type-options": "nosniff",
  });
  expect((await call("PATCH", path, { description: "Notes 2" })).data.attributes).toMatchObject({
    description: "Notes 2",
    length: content.length,
  });
  const patched = await call("PATCH", path, { file_name: "notes2.md", content: Buffer.from("floor 3").toString("base64") });
  expect(patched.data.attributes).toMatchObject({ file_name: "notes2.md", length: 7 });
  expect((await call("GET", `${path}/content`)).text).toBe("floor 3");
  expect((await call("GET", "/api/v1/filestore/search?query=NOTES2")).list.map(({ id }) => id)).toEqual([created.data.id]);
  expect((await call("GET", "/api/v1/filestore/search?query=")).status).toBe(400);
  expect((await call("DELETE", path)).status).toBe(204);
  for (const gone of [path, `${path}/content`]) expect((await call("GET", gone)).status).toBe(404);
});

test("a file that is missing, too large, of an unknown type or not what its name says is refused, and nothing is stored", async () => {
  const { total_count: before } = (await studio.call("GET", "/api/v1/filestore")).meta;
  const fault = async (answer: ReturnType<typeof upload>) => {
    const [error] = (await answer).errors;
    return [error?.status, error?.field];
  };
  expect(await fault(upload("x.exe", "MZ"))).toEqual(["422", "file_name"]);
  expect(await fault(upload("x.pdf", "no header"))).toEqual(["422", "file"]);
  expect(await fault(upload("x.txt", Uint8Array.from([0xff, 0xfe])))).toEqual(["422", "file"]);
  expect(await fault(upload("a/../b\\c.txt"))).not.toEqual([undefined, undefined]);
  expect(await fault(upload("large.txt", new Uint8Array(10 * 1024 * 1024 + 100_000).fill(65)))).toEqual(["413", undefined]);
  const form = new FormData();
  form.set("description", "no file");
  expect(await fault(studio.call("POST", "/api/v1/filestore", form))).toEqual(["422", "file"]);
  expect(await fault(studio.call("POST", "/api/v1/filestore", {}))).toEqual(["415", undefined]);
  expect((await studio.call("GET", "/api/v1/filestore")).meta.total_count).toBe(before);
  const kept = await upload("kept.txt");
  expect(await fault(studio.call("PATCH", `/api/v1/filestore/${kept.data.id}`, { file_name: "kept.pdf" }))).toEqual(["422", "file"]);
});

test("a tool has files as documents, and loses those that are deleted", async () => {
  const { call } = studio;
  const file = (await upload("manual.md", "# Manual")).data;
  const tool = (await call("POST", "/api/v1/tools", { name: "Documented", oas_spec: ticketDocument })).data;
  const path = `/api/v1/tools/${tool.id}/filestores`;
  expect((await call("POST", `${path}/${file.id}`)).data.attributes.file_stores).toMatchObject([{ type: "filestore", id: file.id }]);
  expect((await call("POST", `${path}/999999`)).status).toBe(422);
  expect((await call("GET", path)).list).toMatchObject([{ attributes: { file_name: "manual.md" } }]);
  expect((await call("GET", `/api/v1/filestore/${file.id}/dependents`)).json).toMatchObject({ data: [{ type: "tools", id: tool.id }] });
  expect((await call("PUT", path, [])).data.attributes.file_stores).toEqual([]);
  await call("PUT", path, [Number(file.id)]);
  expect((await call("DELETE", `/api/v1/filestore/${file.id}`)).status).toBe(204);
  expect((await call("GET", path)).list).toEqual([]);
});
