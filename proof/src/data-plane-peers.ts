import { type BarRow, barsOf, measurePeers, type PeerParts } from "@sweetspot/bench";
import type { Progress, ProofOutcome } from "./proof.ts";

type Parts = Omit<PeerParts, "regrid">;

/** What each row needs; the settings of a grid that was tried on such a machine are taken from the committed results. */
const partsOf: Readonly<Record<BarRow, readonly Parts[]>> = {
  1: [{ servers: ["own"], workloads: ["64-json", "16-json", "16-binary"], capacity: false }],
  2: [{ servers: ["litserve", "ray", "bentoml"], workloads: ["16-json"], capacity: false }],
  3: [
    { servers: ["mosec"], workloads: ["16-json"], capacity: false },
    { servers: ["triton"], workloads: ["16-binary"], capacity: false },
  ],
  4: [{ servers: ["own"], workloads: ["mixed"], capacity: false }],
  5: [{ servers: ["own", "litserve", "ray", "bentoml", "mosec", "triton"], workloads: [], capacity: true }],
};

/**
 * The real server against raw ONNX Runtime and its peers: measures the parts of `npm run bench -- peers` that the row
 * needs, which also go into that benchmark's results, and judges the medians over the valid rounds.
 */
export const provePeerRow =
  (row: BarRow) =>
  async (progress: Progress): Promise<ProofOutcome> => {
    let bars: ReturnType<typeof barsOf> = [];
    const raw: unknown[] = [];
    for (const parts of partsOf[row]) {
      progress(`measuring ${parts.servers.join(", ")}; each takes minutes`);
      const results = await measurePeers({ ...parts, regrid: false });
      bars = barsOf(results, row);
      raw.push(measured(results, parts));
    }
    return {
      measures: bars.map(({ measure, ratio, wanted }) => ({
        name: measure,
        figure: ratio?.median ?? Number.NaN,
        atLeast: wanted,
      })),
      raw,
    };
  };

/** The parts of the results that this proof has just measured. */
function measured(results: Awaited<ReturnType<typeof measurePeers>>, { servers, workloads, capacity }: Parts) {
  const keys = workloads.flatMap((workload) => servers.map((server) => `${workload} ${server}`));
  return {
    saturation: Object.fromEntries(keys.map((key) => [key, results.saturation[key]])),
    capacity: capacity ? Object.fromEntries(servers.map((server) => [server, results.capacity[server]])) : {},
    unavailable: results.unavailable,
  };
}
