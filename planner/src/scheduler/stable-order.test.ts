import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stableOrder } from "./stable-order.ts";

describe("a stable order", () => {
  it("is the one of the language's own stable sort, for any number of keys", () => {
    const keyLists = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 300 });
    fc.assert(
      fc.property(keyLists, (keys) => {
        const order = new Int32Array(300).fill(-1);
        const scratch = new Int32Array(300).fill(-1);
        stableOrder(keys.length, { keys: Float64Array.from(keys), order, scratch });
        const expected = keys.map((_, i) => i).toSorted((a, b) => (keys[a] as number) - (keys[b] as number));
        expect([...order.subarray(0, keys.length)]).toEqual(expected);
      }),
    );
  });
});
