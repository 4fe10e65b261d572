import { expect, test } from "vitest";
import { createPriceList } from "./price-list.ts";

const price = (input: number, output: number) => ({
  inputMicroUsdPerMillion: input,
  outputMicroUsdPerMillion: output,
  cacheWriteMicroUsdPerMillion: 0,
  cacheReadMicroUsdPerMillion: 0,
});
const [big, small, sonnet, older] = [price(10, 40), price(1, 2), price(3, 15), price(4, 12)];
const list = createPriceList(
  new Map([
    [
      "openai",
      new Map([
        ["gpt-4o", big],
        ["gpt-4o-mini", small],
      ]),
    ],
    [
      "anthropic",
      new Map([
        ["claude-sonnet-4-20250514", sonnet],
        ["claude-sonnet-4-20240101", older],
      ]),
    ],
  ]),
);

test("a model under another spelling or date has the model's price", () => {
  expect(list.of("openai", "gpt-4o")).toBe(big);
  for (const name of ["GPT-4O", "gpt-4o-2024-08-06", "gpt-4o-20240806", "openai/gpt-4o", "gpt-4o-latest", "Gpt-4o@20240806"])
    expect(list.of("openai", name), name).toEqual(big);
  expect(list.of("openai", "gpt-4o-mini-2024-07-18")).toEqual(small);
  for (const name of ["gpt-4o-audio", "gpt-5", "", "o"]) expect(list.of("openai", name), name).toBeUndefined();
});

test("of several prices that fit, and of all a vendor has, each kind of token has its dearest", () => {
  expect(list.of("anthropic", "claude-sonnet-4-20250514")).toBe(sonnet);
  expect(list.of("anthropic", "claude-sonnet-4")).toMatchObject({ inputMicroUsdPerMillion: 4, outputMicroUsdPerMillion: 15 });
  expect(list.dearest("openai")).toMatchObject({ inputMicroUsdPerMillion: 10, outputMicroUsdPerMillion: 40 });
  expect(list.dearest("none")).toBeUndefined();
});
