import { expect, test } from "vitest";
import { boundaryOf, fieldOf } from "./form.ts";
import { FormOutline } from "./form-outline.ts";
import { JsonOutline } from "./json/outline.ts";
import { textChars } from "./json/text.ts";
import type { Outline } from "./outline.ts";

/** Pushes a body in pieces. @returns what was sent, all of it, and the outline. */
function read<T extends Outline>(outline: T, body: Buffer, pieceBytes: number, added = "") {
  const sent: Buffer[] = [];
  for (let at = 0; at < body.length && outline.fault === ""; at += pieceBytes) {
    // As from a socket: memory that somebody else uses afterwards.
    const piece = Buffer.from(body.subarray(at, at + pieceBytes));
    sent.push(Buffer.from(outline.push(piece)));
    piece.fill(0xee);
  }
  const passed = Buffer.concat(sent).length;
  const kept = outline.end()?.toString();
  return { kept, passed, sent: Buffer.concat([...sent, outline.rest(added)]).toString() };
}

const judged = ["model", "models", "stream"];
const large = "y".repeat(70_000);
const pieces = [1, 7, 4_096, 1_000_000];

test("of a large JSON body everything is kept but its large values, and it is sent as it is, however it arrives", () => {
  const value = {
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: `é"\\😀${large}` },
          { type: "image_url", image_url: { url: large } },
        ],
      },
    ],
    temperature: -1.5e-7,
    n: [1, [], {}, null, true],
    metadata: { "a\nb": "ü", model: "none" },
    stream: true,
    model: "gpt-5",
  };
  const body = ` ${JSON.stringify(value).replace('"model":"gpt-5"', '"mod\\u0065l" : "gpt-5"')} \n`;
  for (const bytes of pieces) {
    const outline = new JsonOutline(judged);
    const { kept, passed, sent } = read(outline, Buffer.from(body), bytes);
    expect(kept && JSON.parse(kept)).toEqual({ ...value, messages: null });
    expect(kept).toContain('"mod\\u0065l" : "gpt-5"');
    expect(sent).toBe(body);
    expect(passed).toBe(Buffer.byteLength(body) - 3);
    // A name with escapes is not recognized as one of those that hold no text.
    expect(outline.textChars).toBe(textChars(value) + "gpt-5".length);
  }
});

test("fields are added behind those that there are", () => {
  const added = (body: string) => read(new JsonOutline(judged), Buffer.from(body), 3, '"model":"x"').sent;
  expect(added('{"a":{"b":[]}} ')).toBe('{"a":{"b":[]},"model":"x"} ');
  expect(added("{ }")).toBe('{ "model":"x"}');
});

test("a JSON body is read as strictly as JSON.parse reads it", () => {
  const documents = [
    "{}",
    '{"a":[1,2,{"b":null}],"c":"\\u00e9\\n"}',
    '{"a":0.5e+10,"b":-0}',
    '{"a":1}{}',
    '{"a":1} x',
    "[1]",
    '"a"',
    "",
    "{",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{"a":[1,]}',
    '{"a":[}',
    '{"a":{"b":1]}',
    '{"a":01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":+1}',
    '{"a":NaN}',
    '{"a":tru}',
    '{"a":truefalse}',
    '{"a" "b"}',
    '{"a":"\\x"}',
    '{"a":"\\u00g0"}',
    '{"a":"\n"}',
    '{"a":"b',
    "{'a':1}",
    '{"a":1 /* " */}',
    "{a:1}",
    '{,"a":1}',
    '{"a":1 "b":2}',
    '{"a":[1 2]}',
    '{"a":1}}',
    '{"a":]}',
  ];
  for (const document of documents) {
    let isValid = document.trimStart().startsWith("{");
    try {
      JSON.parse(document);
    } catch {
      isValid = false;
    }
    for (const bytes of [1, 1_000]) {
      const outline = new JsonOutline(judged);
      expect(read(outline, Buffer.from(document), bytes).kept !== undefined, document).toBe(isValid);
      expect(outline.fault === "", document).toBe(isValid);
    }
  }
});

test("what a body is judged by cannot be hidden in a value that is left out", () => {
  for (const field of ["models", "MODELS", "model", "mod\\u0065ls"]) {
    const outline = new JsonOutline(judged);
    expect(read(outline, Buffer.from(`{"${field}":["${large}","secret"]}`), 4_096).kept).toBeUndefined();
    expect(outline.fault).toBe(`the field ${field} is too long`);
  }
  const many = new JsonOutline(judged);
  read(many, Buffer.from(`{${Array.from({ length: 40 }, (_, at) => `"f${at}":"${"z".repeat(60_000)}"`).join(",")}}`), 4_096);
  expect(many.fault).toBe("its fields besides the large ones are too long");
  const deep = new JsonOutline(judged);
  read(deep, Buffer.from(`{"a":${"[".repeat(100_000)}`), 4_096);
  expect(deep.fault).toBe("invalid JSON body");
});

const form = (parts: [head: string, content: string][]) =>
  `${parts.map(([head, content]) => `--b0und\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`).join("")}--b0und--\r\n`;
const contentType = "multipart/form-data; boundary=b0und";

test("of a large form everything is kept but its files, and its last boundary is sent last", () => {
  const parts: [string, string][] = [
    ['name="file"; filename="a.mp3"\r\nContent-Type: audio/mpeg', `\r\n${large}\r\n--b0un\r\n`],
    ['name="empty"', ""],
    ['name="no-file"; filename=""', ""],
    ['name="model"', "whisper-1"],
  ];
  const body = form(parts);
  for (const bytes of pieces) {
    const outline = new FormOutline("b0und");
    const { kept, passed, sent } = read(outline, Buffer.from(body), bytes);
    expect(kept).toBe(form([[(parts[0] as [string, string])[0], ""], ...parts.slice(1)]));
    expect(sent).toBe(body);
    expect(passed).toBeLessThanOrEqual(body.length - "--b0und--\r\n".length);
    const outlined = Buffer.from(kept ?? "");
    expect(fieldOf(outlined, boundaryOf(contentType, outlined) ?? "", "model")).toBe("whisper-1");
  }
});

test("a form with a boundary inside a file is not read, however it arrives", () => {
  const body = form([
    ['name="file"; filename="a"', `${large}\n--b0und\nContent-Disposition: form-data; name="model"\n\nsecret`],
    ['name="model"', "whisper-1"],
  ]);
  for (const bytes of pieces) {
    const outline = new FormOutline("b0und");
    expect(read(outline, Buffer.from(body), bytes).kept).toBeUndefined();
    expect(outline.fault).toBe("its boundary is in one of its files too");
  }
});
