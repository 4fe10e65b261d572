import { expect, test } from "vitest";
import { fieldNamedIn } from "./field-named-in.ts";

const labels = { name: "Name", api_endpoint: "Endpoint", default_model: "Default model", allowed_models: "Allowed models", model: "Model" };

test("a plugin's reason is put beside the field it names, by API name or label, and beside none when it names several or none", () => {
  expect(fieldNamedIn("API endpoint must use HTTPS", labels)).toBe("api_endpoint");
  expect(fieldNamedIn("The endpoint is not on our list.", labels)).toBe("api_endpoint");
  expect(fieldNamedIn("default_model: choose a small one", labels)).toBe("default_model");
  expect(fieldNamedIn("Default model is retired", labels)).toBe("default_model");
  expect(fieldNamedIn("Name and endpoint do not match", labels)).toBeUndefined();
  expect(fieldNamedIn("Not on Fridays", labels)).toBeUndefined();
  // A word that only contains a name is another word.
  expect(fieldNamedIn("This is a nickname", labels)).toBeUndefined();
});
