import { expect, test } from "vitest";
import { encodeHeaders, HpackDecoder, HpackError } from "./hpack.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

function decoded(decoder: HpackDecoder, block: Buffer): string[] {
  const fields: string[] = [];
  decoder.decode(block, 0, block.length, (name, value) => void fields.push(`${name}: ${value}`));
  return fields;
}
const aDecoder = () => new HpackDecoder({ maxListBytes: 65_536 });

test("the examples of RFC 7541 with Huffman codes and a dynamic table of 256 bytes are decoded", () => {
  const decoder = aDecoder();
  const first = hex(
    "3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
  );
  expect(decoded(decoder, first)).toEqual([
    ":status: 302",
    "cache-control: private",
    "date: Mon, 21 Oct 2013 20:13:21 GMT",
    "location: https://www.example.com",
  ]);
  expect(decoded(decoder, hex("4883 640e ffc1 c0bf"))).toEqual([
    ":status: 307",
    "cache-control: private",
    "date: Mon, 21 Oct 2013 20:13:21 GMT",
    "location: https://www.example.com",
  ]);
  const third = hex(
    "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
  );
  expect(decoded(decoder, third)).toEqual([
    ":status: 200",
    "cache-control: private",
    "date: Mon, 21 Oct 2013 20:13:22 GMT",
    "location: https://www.example.com",
    "content-encoding: gzip",
    "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
  ]);
});

test("what is encoded means the same at any time: it is decoded without a table, indexed where the static table has it", () => {
  const fields: [string, string][] = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", `/${"p".repeat(300)}`],
    ["te", "trailers"],
    ["content-type", "application/grpc"],
  ];
  const block = encodeHeaders(fields);
  const decoder = aDecoder();
  for (let turn = 0; turn < 2; turn++) {
    expect(decoded(decoder, block)).toEqual(fields.map(([name, value]) => `${name}: ${value}`));
    expect(decoder.wasStateful).toBe(false);
  }
  expect(block.subarray(0, 2)).toEqual(Buffer.from([0x83, 0x86]));
});

test("a block that uses, fills or resizes the table is stateful, and one that adds to a table of nothing is not", () => {
  const decoder = aDecoder();
  const added = hex("40 03 666f6f 03 626172");
  decoded(decoder, added);
  expect(decoder.wasStateful).toBe(true);
  expect(decoded(decoder, hex("be"))).toEqual(["foo: bar"]);
  expect(decoder.wasStateful).toBe(true);
  decoder.limitTable(0);
  expect(decoded(decoder, hex("20"))).toEqual([]);
  expect(decoder.wasStateful).toBe(true);
  expect(decoded(decoder, added)).toEqual(["foo: bar"]);
  expect(decoder.wasStateful).toBe(false);
  expect(() => decoded(decoder, hex("be"))).toThrow(HpackError);
});

test("a block that is cut, too large in a number or not Huffman coded as it says is refused", () => {
  const bad = {
    "index 0": "80",
    "an index that does not exist": "ff 80 01",
    "a number without end": "ff ff ff ff ff ff ff ff ff ff 01",
    "a field cut after its name": "40 03 666f6f",
    "a string longer than the block": "40 03 666f6f 7f 62",
    "a table larger than allowed": "3f e2 1f",
    "a size update after a field": "88 20",
    "padding with zeros": "08 81 64",
    "padding of a whole byte": "08 83 64 02 ff",
    "the end of strings within a string": "08 84 ff ff ff ff",
  };
  for (const [what, block] of Object.entries(bad)) expect(() => decoded(aDecoder(), hex(block)), what).toThrow(HpackError);
  const whole = hex("4882 6402 5885 aec3 771a 4b40 0366 6f6f 0362 6172");
  for (let end = 1; end < whole.length; end++) {
    try {
      decoded(aDecoder(), whole.subarray(0, end));
    } catch (error) {
      expect(error).toBeInstanceOf(HpackError);
    }
  }
});

test("a list of headers is taken up to its bound, however small the block that makes it large", () => {
  const decoder = new HpackDecoder({ maxListBytes: 10_000 });
  const large = Buffer.concat([hex("40 03 666f6f 7f a1 1e"), Buffer.alloc(4_000, "v")]);
  let taken = 0;
  const take = (name: string, value: string) => {
    taken += name.length + value.length;
  };
  expect(decoder.decode(large, 0, large.length, take)).toBe(true);
  const bomb = Buffer.alloc(16_000, 0xbe);
  expect(decoder.decode(bomb, 0, bomb.length, take)).toBe(false);
  expect(taken).toBeLessThan(20_000);
  expect(decoder.decode(hex("88"), 0, 1, take)).toBe(true);
});
