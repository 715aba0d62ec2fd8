import { expect, it } from "vitest";
import { Budget } from "./budget.ts";

it("a budget says what is gone and what is left, and never more than all of it", () => {
  let now = 5000;
  const budget = new Budget(60, () => now);
  now += 15_000;
  expect(budget.elapsed()).toBe(15);
  expect(budget.until(0.5)).toBe(15);
  now += 90_000;
  expect(budget.until(0.9)).toBe(0);
});
