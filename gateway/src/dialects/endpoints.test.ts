import fc from "fast-check";
import { expect, test } from "vitest";
import { normalisePath } from "../pipeline/path.ts";
import { joinPath } from "../vendors/url.ts";
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

const metered = {
  openai: [
    "chat/completions",
    "completions",
    "responses",
    "responses/compact",
    "embeddings",
    "images/generations",
    "audio/speech",
    "rerank",
  ],
  anthropic: ["messages", "complete", "chat/completions"],
} as const;

/** Some spelling of a path that a lenient server reads as it: other case, characters and slashes encoded, parameters, empty segments. */
const spellingOf = (path: string) =>
  fc
    .tuple(
      fc.array(fc.constantFrom("as it is", "as it is", "as it is", "upper", "encoded", "ENCODED"), {
        minLength: path.length,
        maxLength: path.length,
      }),
      fc.constantFrom("", "", "/", ";v=1", "%3bv=1", "//"),
      fc.boolean(),
    )
    .map(([ways, end, isDoubled]) => {
      const hex = (char: string) => `%${char.charCodeAt(0).toString(16)}`;
      const spell = (char: string, way: string | undefined) =>
        way === "upper" ? char.toUpperCase() : way === "encoded" ? hex(char) : way === "ENCODED" ? hex(char).toUpperCase() : char;
      const text = [...path].map((char, i) => spell(char, ways[i])).join("");
      return `${isDoubled ? "//" : "/"}${text}${end}`;
    });

test("no spelling of a path that costs something is judged as anything else, whatever an administrator has opened", () => {
  let open = 0;
  for (const dialect of ["openai", "anthropic"] as const) {
    for (const allowed of [[], ["*"], ["files", "responses", "audio", "chat", "messages"]]) {
      const read = createEndpointReader({ dialect: dialects[dialect], basePath: "/v1", allowed });
      const spelled = fc.constantFrom(...metered[dialect]).chain((name) => fc.tuple(fc.constant(name), spellingOf(`v1/${name}`)));
      fc.assert(
        fc.property(spelled, ([name, raw]) => {
          const { path, fault } = normalisePath(raw);
          const endpoint = fault ? undefined : read(path);
          // Only a POST runs a model there.
          if (!endpoint?.methods.has("POST")) return;
          open++;
          expect({ name: endpoint.name, isFree: endpoint.cost === "none" }, raw).toEqual({ name, isFree: false });
        }),
        { numRuns: 1_500 },
      );
    }
  }
  expect(open).toBeGreaterThan(500);
});

test("what is judged is what is sent: joined to its base a path means the endpoint that it was judged as", () => {
  const bases = [
    "",
    "/v1",
    "/openai/v1",
    "/api/paas/v4",
    "/proxy",
    "/x/compatible-mode/v1",
    "/openai/deployments/gpt-4o",
    "/v1beta/openai",
  ];
  const starts = ["", "/v1", "/openai/v1", "/openai", "/compatible-mode/v1", "/deployments/other", "/proxy/v1"];
  const ends = [...metered.openai, "models", "models/m", "responses/id", "responses/id/cancel", "files", "files/id/content", "x", ""];
  for (const allowed of [[], ["files"], ["*"]])
    for (const base of bases) {
      const read = openai(base, allowed);
      for (const start of starts)
        for (const end of ends) {
          const path = `${start}/${end}`;
          const judged = read(path);
          // What is not open is not sent.
          if (!judged || judged.name === "*") continue;
          const sent = joinPath(base, path);
          expect(read(sent), `${base} ${path} ${sent}`).toMatchObject({ name: judged.name, cost: judged.cost });
        }
    }
});
