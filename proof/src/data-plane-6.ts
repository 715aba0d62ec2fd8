import type { LoadStage, ServingPlan } from "@sweetspot/crds";
import { median, quantile, seededRandom } from "@sweetspot/planner";
import { describeModel, safePlan, type Tensor } from "@sweetspot/sidecar";
import { ocrModels, recogniserTensors } from "@sweetspot/test";
import { prepareMix } from "@sweetspot/tuner";
import { measureCosts, target } from "./data-plane/encoder-plan.ts";
import { ServedPlan } from "./data-plane/served-plan.ts";
import { shareOf } from "./data-plane/share.ts";
import type { Progress, ProofOutcome } from "./proof.ts";

const rounds = shareOf(9);
const seconds = 4;
const width = 192;

/** Where batching is of no use, it must do no harm: a convolutional recogniser of one width, with the batch former and without. */
export async function proveNoHarm(progress: Progress): Promise<ProofOutcome> {
  const off = await recogniserPlan(1);
  const on = { ...off, revision: "batched", batching: { ...off.batching, maximumRows: 8 } };
  const mix = prepareMix([1, 2, 3, 4].map(image), "binary", [recogniserTensors.output]);
  await using batched = await ServedPlan.start(on);
  await using single = await ServedPlan.start(off);
  const throughput = (server: ServedPlan) => server.load(mix, { connections: 16, seconds });
  const alone = (server: ServedPlan) => server.load(mix, { connections: 1, seconds });
  const run = async (one: typeof throughput, server: ServedPlan) => ((await one(server)) as [LoadStage])[0];
  for (const server of [batched, single]) await throughput(server);
  const results = [];
  for (let round = 0; round < rounds; round += 1) {
    // In turns, so that neither has always the warmer machine.
    const order = round % 2 === 0 ? [batched, single] : [single, batched];
    const figures = new Map<ServedPlan, { rate: number; p50: number }>();
    for (const server of order) {
      const { answeredRequestsPerSecond: rate } = await run(throughput, server);
      const { latencyMilliseconds } = await run(alone, server);
      figures.set(server, { rate, p50: latencyMilliseconds.p50 ?? Number.NaN });
    }
    const [ours, others] = [batched, single].map((server) => figures.get(server) as { rate: number; p50: number });
    results.push({ ours, others });
    progress(
      `round ${round + 1}: ${ours?.rate.toFixed(1)} against ${others?.rate.toFixed(1)} requests/s, alone ${ours?.p50.toFixed(2)} against ${others?.p50.toFixed(2)} ms`,
    );
  }
  const ratios = results.map(({ ours, others }) => (ours?.rate ?? Number.NaN) / (others?.rate ?? Number.NaN));
  const lone = results.map(({ ours, others }) => (ours?.p50 ?? Number.NaN) / (others?.p50 ?? Number.NaN));
  return {
    measures: [
      { name: "throughput with the batch former / without", figure: median(ratios), atLeast: 0.98 },
      { name: "p50 of a lone request with / without", figure: median(lone), atMost: 1.05 },
    ],
    raw: { results, ratios: { low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) }, table: on.costTable },
  };
}

async function recogniserPlan(maximumRows: number): Promise<ServingPlan> {
  const safe = await safePlan(ocrModels.recogniser, "ocr", target, 1);
  const batching = { ...safe.batching, former: "CostTable" as const, maximumRows, maximumBatchMicroseconds: 1_000_000 };
  const layout = { instances: 2, threadsPerInstance: 1, pinned: false, spinning: false };
  const plan = { ...safe, revision: "single", outputs: [recogniserTensors.output], layout, batching };
  const signature = await describeModel(ocrModels.recogniser);
  return { ...plan, costTable: await measureCosts(plan, signature, [1, 2, 4, 8], [width]) };
}

function image(seed: number): readonly Tensor[] {
  const random = seededRandom(seed);
  const shape = [1, 3, 48, width];
  const pixels = Float32Array.from({ length: 3 * 48 * width }, () => random());
  return [{ name: recogniserTensors.input, datatype: "FP32", shape, data: new Uint8Array(pixels.buffer) }];
}
