import { describe, expect, it } from "vitest";
import { climb, findRung } from "./ladder.ts";

const upTo = (limit: number) => async (rate: number) => rate <= limit;

describe("a ladder of rates", () => {
  it.each([40, 200, 700])(
    "finds a capacity of %i requests per second from a guess of 200, within a rung",
    async (limit) => {
      const { rate } = await climb(await findRung(200, upTo(limit)), upTo(limit));
      expect(rate).toBeLessThanOrEqual(limit);
      expect(rate).toBeGreaterThan(limit / 1.0401);
    },
  );

  it("ends at its foot where nothing holds", async () => {
    const never = upTo(0);
    expect(await climb(await findRung(200, never), never)).toEqual({ index: 0, rate: 0 });
  });

  it("is climbed in either direction when the machine has changed meanwhile", async () => {
    const start = await findRung(200, upTo(200));
    for (const limit of [170, 240]) expect((await climb(start, upTo(limit))).rate).toBeGreaterThan(limit / 1.0401);
  });
});
