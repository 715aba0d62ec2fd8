import { expect, it } from "vitest";
import { studentQuantile } from "./student.ts";

// The printed tables.
it.each([
  [1, 0.95, 12.706],
  [2, 0.95, 4.303],
  [3, 0.95, 3.182],
  [4, 0.95, 2.776],
  [11, 0.95, 2.201],
  [14, 0.95, 2.145],
  [1, 0.975, 25.452],
  [2, 0.975, 6.205],
  [7, 0.99, 3.499],
  [30, 0.99, 2.75],
  [1000, 0.95, 1.962],
])("with %i degrees of freedom |t| stays below its quantile with probability %f: %f", (degrees, confidence, t) => {
  expect(studentQuantile(degrees, confidence)).toBeCloseTo(t, 2);
});
