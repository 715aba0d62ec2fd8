import { type RatioSummary, ratioOf, summaryOf } from "../rounds.ts";
import type { ResultRow } from "../write-result.ts";
import type { Capacity, Measured, Saturation } from "./results.ts";

/** Rows of the table of what the data plane must show. */
export type BarRow = 1 | 2 | 3 | 4 | 5;

/** The figures of one row with what is wanted; the ratio is null for what was not measured. */
export function barsOf(results: Measured, row: BarRow): ResultRow[] {
  switch (row) {
    case 1:
      return [
        toRaw(results, "64-json", "64 tokens JSON", 0.96),
        toRaw(results, "16-json", "16 tokens JSON", 0.94),
        toRaw(results, "16-binary", "16 tokens binary", 0.95),
      ];
    case 2:
      return [
        toPeer(results, "16-json", "litserve", "16 tokens JSON / LitServe", 1.7),
        toPeer(results, "16-json", "ray", "16 tokens JSON / Ray Serve", 3),
        toPeer(results, "16-json", "bentoml", "16 tokens JSON / BentoML", 1.35),
      ];
    case 3:
      return [
        toPeer(results, "16-json", "mosec", "16 tokens JSON / mosec", 1.05),
        toPeer(results, "16-binary", "triton", "16 tokens binary / Triton, Python backend", 1),
      ];
    case 4:
      return mixedBars(results);
    case 5:
      return capacityBars(results);
  }
}

const within = (part: Saturation | Capacity | undefined, name: string, to?: string): RatioSummary | null =>
  part === undefined ? null : ratioOf(part.rounds, name, to);

const toRaw = ({ saturation }: Measured, workload: string, title: string, wanted: number): ResultRow => ({
  measure: `${title} / raw ONNX Runtime`,
  ratio: within(saturation[`${workload} own`], "own"),
  wanted,
});

const toPeer = (
  { saturation }: Measured,
  workload: string,
  peer: string,
  measure: string,
  wanted: number,
): ResultRow => ({ measure, ratio: within(saturation[`${workload} ${peer}`], "own", peer), wanted });

/** Batching must pay only where the optimum itself gains by it. */
const leastOptimalGain = 1.1;

function mixedBars({ saturation }: Measured): ResultRow[] {
  const part = saturation["mixed own"];
  const gain = within(part, "raw-optimum", "single")?.median ?? Number.POSITIVE_INFINITY;
  const single = { measure: "mixed lengths / own batch 1", ratio: within(part, "own", "single"), wanted: 1.05 };
  return [
    { measure: "mixed lengths / own FIFO-8 padded", ratio: within(part, "own", "fifo-8"), wanted: 2 },
    { measure: "mixed lengths / offline optimum, window 64", ratio: within(part, "own", "raw-optimum"), wanted: 0.92 },
    ...(gain >= leastOptimalGain ? [single] : []),
  ];
}

const peersOfCapacity = ["litserve", "ray", "bentoml", "mosec", "triton"];

function capacityBars({ capacity }: Measured): ResultRow[] {
  const ratios = peersOfCapacity
    .map((peer) => ({ peer, ratio: within(capacity[peer], "own", peer) }))
    .filter((each): each is { peer: string; ratio: RatioSummary } => each.ratio !== null)
    .sort((a, b) => a.ratio.median - b.ratio.median);
  const [best] = ratios;
  const own = capacity["own"];
  return [
    { measure: `p99 <= 100 ms / best peer (${best?.peer ?? "none"})`, ratio: best?.ratio ?? null, wanted: 1.1 },
    { measure: "p99 <= 100 ms / own without batching", ratio: within(own, "own", "single"), wanted: 1.05 },
    { measure: "p99 <= 100 ms / simulator's optimum", ratio: own === undefined ? null : toSimulated(own), wanted: 0.8 },
  ];
}

/** The machine may be faster or slower than when its table was measured: the raw engines around each round say by how much. */
function toSimulated({ rounds, simulated, yardstickThen }: Capacity): RatioSummary | null {
  const ratios = rounds
    .filter((round) => !round.void)
    .map(({ before, after, figures }) => {
      const speed = (before + after) / 2 / yardstickThen;
      return (figures["own"] ?? 0) / (simulated * speed);
    });
  return summaryOf(ratios);
}
