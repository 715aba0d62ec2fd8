import fc from "fast-check";
import { expect, it } from "vitest";
import { WaitingLine } from "./waiting-line.ts";

it("is served in the order of coming", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean()), (comings) => {
      const line = new WaitingLine<number>();
      const expected: number[] = [];
      for (const [index, comes] of comings.entries()) {
        if (comes) {
          line.push(index);
          expected.push(index);
        } else {
          line.shift();
          expected.shift();
        }
        expect(line.first).toBe(expected[0]);
      }
    }),
  );
});
