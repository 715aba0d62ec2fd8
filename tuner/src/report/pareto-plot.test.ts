import { expect, it } from "vitest";
import { paretoFront } from "./pareto-plot.ts";

it("keeps the places that no other one beats in both, and one of several equal ones", () => {
  const place = (capacity: number, latency: number) => ({ capacity, latency });
  const [large, quick, between] = [place(300, 40), place(100, 5), place(200, 20)];
  const beaten = [place(150, 20), place(90, 5), place(300, 41)];
  expect(paretoFront([...beaten, quick, large, between, place(100, 5)])).toEqual([large, between, quick]);
});
