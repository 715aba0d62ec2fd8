import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { interleave, type Round, ratioOf } from "@sweetspot/bench";
import type { ServingPlan } from "@sweetspot/crds";
import { seededRandom } from "@sweetspot/planner";
import { describeArtifact, synthesiseRow, upstreamPlan, usableCpuCount } from "@sweetspot/sidecar";
import { minilmModel, minilmTensors, ocrModels, recogniserTensors } from "@sweetspot/test";
import { LoadClient, measureUpstream, type PreparedRequest, prepareMix, SidecarProcess } from "@sweetspot/tuner";
import type { Progress, ProofOutcome } from "./proof.ts";
import { largestDifference } from "./triton/compare-answers.ts";
import { installTriton, type TritonInstallation } from "./triton/install-triton.ts";
import { type TritonModel, TritonServer } from "./triton/triton-server.ts";

const rounds = 5;
const seconds = 3;
const warmUpSeconds = 6;
const connections = 64;
const seed = 14;
const target = { percentile: "P99", latencyMilliseconds: 1000 } as const;
/** FP32 in another order of additions. */
const tolerance = 1e-4;

const instances = 2;
const maximumRows = 16;

interface Workload {
  readonly name: string;
  readonly model: TritonModel;
  /** Size of the variable axis of every request. */
  readonly length: number;
}

/** 16 tokens: batches are 2.5 times as fast as single rows. A convolutional network: they are not. */
function workloads(): Workload[] {
  const file = minilmModel();
  if (file === null) throw new Error("the sentence encoder is missing: run `npm run setup`");
  const ids = [minilmTensors.ids, minilmTensors.mask].map((name) => ({ name, type: "TYPE_INT64", dims: [-1] }));
  const common = { instances, maximumRows };
  const output = { name: minilmTensors.embedding, dims: [384] };
  const minilm = { name: "minilm", file, inputs: ids, output, ...common };
  const recogniser = {
    name: "recogniser",
    file: ocrModels.recogniser,
    inputs: [{ name: recogniserTensors.input, type: "TYPE_FP32", dims: [3, 48, -1] }],
    output: { name: recogniserTensors.output, dims: [-1, 6625] },
    ...common,
  };
  return [
    { name: "batching pays, Triton's batcher off", model: { ...minilm, batcher: false }, length: 16 },
    { name: "batching pays, Triton's batcher on", model: { ...minilm, batcher: true }, length: 16 },
    { name: "batching does not pay", model: { ...recogniser, batcher: false }, length: 160 },
  ];
}

const wanted = [1.5, 0.95, 0.95];

/**
 * A real Triton with and without the sidecar in front, at saturation, in turn; both answer the same requests. A round whose
 * measurements without the sidecar differ by more than 15 % is void.
 */
export async function proveProxy(progress: Progress): Promise<ProofOutcome> {
  progress("Installing Triton, once");
  const triton = await installTriton();
  const results: WorkloadResult[] = [];
  for (const workload of workloads()) results.push(await compare(workload, triton, progress));
  return {
    measures: [
      ...results.map(({ name, ratio }, i) => ({
        name: `with/without, ${name}`,
        figure: ratio,
        atLeast: wanted[i] as number,
      })),
      {
        name: "largest difference of answers",
        figure: Math.max(...results.map(({ difference }) => difference)),
        atMost: tolerance,
      },
    ],
    raw: results,
  };
}

interface WorkloadResult {
  readonly name: string;
  readonly ratio: number;
  readonly rounds: readonly Round[];
  readonly difference: number;
  readonly plan: ServingPlan;
}

async function compare(
  { name, model, length }: Workload,
  triton: TritonInstallation,
  progress: Progress,
): Promise<WorkloadResult> {
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "sweetspot-proof-"));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const upstream = resources.use(await TritonServer.start(triton, model));
  const plan = await planFor(upstream.address, model);
  const sidecar = await SidecarProcess.start(plan, join(folder, "plan.json"));
  resources.defer(() => sidecar.close());
  const requests = await requestsFor(plan, model, length);
  const difference = await largestDifference(`${upstream.address}/infer`, sidecar.inferUrl, requests);
  progress(`${name}: answers differ by ${difference} at most`);
  const load = await LoadClient.start({ requests });
  resources.defer(() => load.close());
  const direct = () => saturate(load, `${upstream.address}/infer`);
  const front = () => saturate(load, sidecar.inferUrl);
  for (const warm of [direct, front]) for (let i = 0; i < warmUpSeconds / seconds; i += 1) await warm();
  const measured = await interleave(direct, [{ name: "sidecar", measure: front }], rounds);
  for (const { before, figures, after, void: isVoid } of measured) {
    const rates = [before, figures["sidecar"] ?? 0, after].map((rate) => rate.toFixed(0));
    progress(`${name}: without, with, without the sidecar ${rates.join(", ")} per second${isVoid ? ", void" : ""}`);
  }
  return { name, ratio: ratioOf(measured, "sidecar")?.median ?? Number.NaN, rounds: measured, difference, plan };
}

/** What `sweetspot serve --upstream` makes; refusals would count as answers. */
async function planFor(address: string, { name }: TritonModel): Promise<ServingPlan> {
  const plan = await upstreamPlan({ address, modelName: name, target, cpus: usableCpuCount() });
  const costTable = await measureUpstream(plan, await describeArtifact(plan), new AbortController().signal);
  return costTable === null ? plan : { ...plan, costTable };
}

async function requestsFor(
  plan: ServingPlan,
  { name, output }: TritonModel,
  length: number,
): Promise<readonly PreparedRequest[]> {
  const signature = await describeArtifact(plan);
  const random = seededRandom(seed);
  const bounds = name === "minilm" ? [{ name: minilmTensors.ids, minimum: 1, maximum: 30_000 }] : [];
  const samples = Array.from({ length: connections }, () =>
    synthesiseRow({ ...signature, inputBounds: bounds }, length, random),
  );
  return prepareMix(samples, "binary", [output.name]).requests;
}

async function saturate(load: LoadClient, url: string): Promise<number> {
  const report = await load.run({
    url,
    target: { ...target, latencyMilliseconds: 60_000 },
    seed,
    timeoutMilliseconds: 60_000,
    stages: [
      { connections, seconds: 0.5 },
      { connections, seconds },
    ],
  });
  const stage = report.stages.at(-1);
  if (stage === undefined || stage.counts.failed + stage.counts.refused + stage.counts.excluded > 0) {
    throw new Error(`not every request was answered: ${JSON.stringify(stage?.counts)}`);
  }
  return stage.answeredRequestsPerSecond;
}
