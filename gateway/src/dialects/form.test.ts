import { expect, test } from "vitest";
import { boundaryOf, fieldOf } from "./form.ts";

const part = (disposition: string, value: string) => `--b\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${value}\r\n`;
const smuggled = '\n--b\nContent-Disposition: form-data; name="model"\n\ngpt-4o';
const form = (...parts: string[]) => Buffer.from(`${parts.join("")}--b--\r\n`);
const model = (...parts: string[]) => fieldOf(form(...parts), "b", "model");
const file = part('name="file"; filename="a.mp3"', "\u0000\r\n\r\nname=model\r\n--other");

test("a form's model is read, wherever it stands among files", () => {
  expect(model(part('name="model"', "whisper-1"), file)).toBe("whisper-1");
  expect(model(file, part("name=model", " whisper-1 "))).toBe("whisper-1");
  expect(model(file)).toBe("");
});

test("a form that a vendor might take apart differently is not read", () => {
  expect(model(part('name="model"', "a"), part('name="model"', "b"))).toBeUndefined();
  expect(model(part('name="Model"', "a"))).toBeUndefined();
  expect(model(part('name="x"; name="model"', "a"))).toBeUndefined();
  expect(model(part("name*=utf-8''model", "a"))).toBeUndefined();
  expect(model(part('name="mod%65l"', "a"))).toBeUndefined();
  expect(model(part('name="prompt"', smuggled), part('name="model"', "a"))).toBeUndefined();
  expect(fieldOf(Buffer.concat([form(part('name="model"', "a")), Buffer.from(smuggled)]), "b", "model")).toBeUndefined();
  expect(fieldOf(Buffer.from("--b\r\nContent-Disposition: form-data;\r\n name=model\r\n\r\na\r\n--b--"), "b", "model")).toBeUndefined();
  expect(fieldOf(Buffer.from(part('name="model"', "a")), "b", "model")).toBeUndefined();
});

test("a body is a form only when its bytes say so too", () => {
  expect(boundaryOf("multipart/form-data; boundary=b", form(file))).toBe("b");
  expect(boundaryOf('multipart/form-data; boundary="b"', form(file))).toBe("b");
  expect(boundaryOf("multipart/form-data; boundary=b", Buffer.from('{"model":"gpt-4o"}'))).toBeUndefined();
  expect(boundaryOf("application/json", form(file))).toBeUndefined();
});
