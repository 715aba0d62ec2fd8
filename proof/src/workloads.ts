import { apiVersion, type CostTable } from "@sweetspot/crds";
import { normal, type RequestShape, seededRandom } from "@sweetspot/planner";

/** Texts as they come: log-normal lengths with a mean of about 32 tokens and 256 at most, a row each. */
export function mixedLengths(count = 256, seed = 3): RequestShape[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const length = Math.round(Math.exp(3.2 + 0.7 * normal(random)));
    return { rows: 1, length: Math.max(4, Math.min(256, length)), group: "" };
  });
}

/** Images, or texts of one length. */
export const oneLength: readonly RequestShape[] = [{ rows: 1, length: 32, group: "" }];

/** A table of any law, on a grid that reaches 16 rows and length 256, without noise or overhead. */
export function tableOf(law: (rows: number, length: number) => number): CostTable {
  const cells = [1, 2, 4, 8, 16].flatMap((rows) =>
    [8, 32, 128, 256].map((length) => ({ rows, length, microseconds: law(rows, length), samples: 5 })),
  );
  const overhead = { perBatchMicroseconds: 0, perRequestMicroseconds: 0 };
  return { apiVersion, kind: "CostTable", cells, noiseFactors: [1], overhead };
}

/**
 * The cost table of a small transformer whose time is this many times the usual: a fixed part, a part per row, one per
 * element and a little for attention, with the noise of a quiet machine.
 */
export const transformerTable = (factor = 1): CostTable => ({
  ...tableOf((b, l) => factor * (300 + 40 * b + 18 * b * l * (1 + l / 1000))),
  noiseFactors: [0.95, 1, 1.1],
  overhead: { perBatchMicroseconds: 60, perRequestMicroseconds: 5 },
});
