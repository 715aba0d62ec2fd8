import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitFormula, nonNegativeLeastSquares } from "./extrapolation.ts";

describe("non-negative least squares", () => {
  it("finds a solution that is non-negative already", () => {
    const design = [
      [1, 0],
      [0, 2],
      [1, 1],
    ];
    const [x, y] = nonNegativeLeastSquares(design, [3, 4, 5]);
    expect(x).toBeCloseTo(3, 6);
    expect(y).toBeCloseTo(2, 6);
  });

  it("never returns a negative coefficient, and none that a small step would improve", () => {
    const entry = fc.double({ min: -5, max: 5, noNaN: true });
    const problem = fc.array(fc.tuple(entry, entry, entry, entry), { minLength: 3, maxLength: 8 });
    fc.assert(
      fc.property(problem, (rows) => {
        const design = rows.map(([a, b, c]) => [a, b, c]);
        const target = rows.map((row) => row[3]);
        const solution = nonNegativeLeastSquares(design, target);
        const cost = (x: readonly number[]) =>
          design.reduce((sum, row, i) => {
            const residual = row.reduce((dot, value, j) => dot + value * (x[j] as number), 0) - (target[i] as number);
            return sum + residual ** 2;
          }, 0);
        expect(Math.min(...solution)).toBeGreaterThanOrEqual(0);
        for (let j = 0; j < 3; j += 1) {
          for (const move of [0.01, -0.01]) {
            const moved = solution.with(j, Math.max(0, (solution[j] as number) + move));
            expect(cost(moved)).toBeGreaterThanOrEqual(cost(solution) - 1e-3);
          }
        }
      }),
    );
  });
});

describe("the formula beyond the measured shapes", () => {
  it("recovers a law of its own form", () => {
    const law = (rows: number, length: number) => 300 + 40 * rows + 2 * rows * length + 0.01 * rows * length ** 2;
    const cells = [1, 2, 8].flatMap((rows) =>
      [8, 64, 256].map((length) => ({ rows, length, microseconds: law(rows, length), samples: 3 })),
    );
    const formula = fitFormula(cells);
    expect(formula(16, 512) / law(16, 512)).toBeGreaterThan(0.97);
    expect(formula(16, 512) / law(16, 512)).toBeLessThan(1.03);
  });
});
