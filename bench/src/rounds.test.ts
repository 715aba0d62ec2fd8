import { describe, expect, it } from "vitest";
import { interleave, ratioOf } from "./rounds.ts";

describe("interleaved rounds", () => {
  it("are void when the brackets differ, and void rounds do not count", async () => {
    const speeds = [100, 102, 60, 61];
    const contestant = { name: "ours", measure: async (round: number) => [95, 10, 57][round] as number };
    const rounds = await interleave(async () => speeds.shift() as number, [contestant], 3);
    expect(rounds.map((round) => round.void)).toEqual([false, true, false]);
    const ratio = ratioOf(rounds, "ours");
    expect(ratio?.rounds).toBe(2);
    expect(ratio?.median).toBeCloseTo(0.94, 2);
  });

  it("change the order, so that no contestant always comes first", async () => {
    const order: string[] = [];
    const contestants = ["a", "b"].map((name) => ({ name, measure: async () => order.push(name) }));
    await interleave(async () => 1, contestants, 2);
    expect(order).toEqual(["a", "b", "b", "a"]);
  });

  it("say nothing when every round was void", async () => {
    const speeds = [1, 2];
    const rounds = await interleave(async () => speeds.shift() as number, [], 1);
    expect(ratioOf(rounds, "ours")).toBeNull();
  });
});
