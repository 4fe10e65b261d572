import { expect, test } from "vitest";
import { dialects } from "./dialects.ts";
import { createEndpointReader, nameOfPath } from "./endpoints.ts";

const openai = (basePath = "/v1", allowed: string[] = []) => createEndpointReader({ dialect: dialects.openai, basePath, allowed });

test("an endpoint is found wherever a vendor's API begins, with the base's path or without", () => {
  const places: [string, string][] = [
    ["/v1", "/v1/chat/completions"],
    ["/v1", "/chat/completions"],
    ["", "/v1/chat/completions"],
    ["", "/openai/v1/chat/completions"],
    ["/openai/v1", "/v1/chat/completions"],
    ["/api/paas/v4", "/chat/completions"],
    ["", "/v1beta/openai/chat/completions"],
    ["", "/compatible-mode/v1/chat/completions"],
    ["", "/v1/projects/p/locations/l/endpoints/openapi/chat/completions"],
  ];
  for (const [base, path] of places)
    expect(openai(base)(path), `${base} ${path}`).toMatchObject({ name: "chat/completions", cost: "text" });
});

test("a deployment or engine names the model in its path", () => {
  const read = openai("");
  expect(read("/openai/deployments/gpt-4o/chat/completions")).toMatchObject({ name: "chat/completions", model: "gpt-4o" });
  expect(read("/v1/engines/org%2Fgpt-4o/completions")).toMatchObject({ name: "completions", model: "org/gpt-4o" });
  expect(read("/openai/deployments/gpt-4o")).toBeUndefined();
  expect(read("/openai/deployments/gpt-4o/files")).toBeUndefined();
});

test("only what is listed is open, and an administrator opens a path with all below it", () => {
  const closed = ["/v1/files", "/v1/batches", "/v1/fine_tuning/jobs", "/v1/organization/api_keys", "/v1/organization/usage/completions"];
  for (const path of [...closed, "/v1/assistants", "/v1/chat/completions/x", "/v1", "/", "/v1/chat%2Fcompletions"])
    expect(openai()(path), path).toBeUndefined();
  const read = openai("/v1", ["files", "fine_tuning/jobs"]);
  expect(read("/v1/files/file-1/content")).toMatchObject({ name: "files", cost: "none" });
  expect(read("/v1/files")?.methods.has("DELETE")).toBe(true);
  expect(read("/v1/fine_tuning/jobs/j/cancel")).toMatchObject({ name: "fine_tuning/jobs", cost: "unknown" });
  expect(read("/v1/fine_tuning")).toBeUndefined();
  expect(read("/v1/filesystem")).toBeUndefined();
  expect(openai("/v1", ["*"])("/v1/anything/at/all")).toMatchObject({ cost: "unknown" });
  expect(openai("/v1", ["models"])("/v1/models/m")?.methods.has("DELETE")).toBe(true);
  expect(openai()("/v1/models/m")?.methods.has("DELETE")).toBe(false);
});

test("a refusal names what would have to be opened", () => {
  expect(nameOfPath("/v1/files/file-1")).toBe("files");
  expect(nameOfPath("/openai/v1/batches")).toBe("batches");
  expect(nameOfPath("/organization/api_keys")).toBe("organization");
});
