import { join } from "node:path";
import type { BatchPolicy, ServingPlan, TuningReport } from "@sweetspot/crds";
import { minilmTensors } from "@sweetspot/test";
import { type RequestMix, SidecarProcess, tune } from "@sweetspot/tuner";
import { ServerUnderLoad } from "./server-under-load.ts";

/** A plan for the source model with a measured table and one engine process per CPU, by the tuner itself. */
export async function measuredPlan(modelFile: string, directory: string): Promise<ServingPlan> {
  console.error("Measuring the cost table of MiniLM-L3");
  const { report } = await tune(
    {
      modelFile,
      modelName: "minilm",
      task: "TextEmbedding",
      target: { percentile: "P99", latencyMilliseconds: 1000 },
      quality: { maximumLossBasisPoints: 100, mode: "Enforce" },
      outputs: [minilmTensors.embedding],
      variants: ["Source"],
      budgetSeconds: 60,
      seed: 11,
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

export const policyOf = (former: BatchPolicy["former"], maximumRows: number): BatchPolicy => ({
  former,
  maximumRows,
  maximumBatchMicroseconds: 1_000_000,
  holdMicroseconds: 0,
  windowRequests: 64,
  inFlightPerInstance: 1,
});

/** One point of the server's own small grid, as raw ONNX Runtime has one: what the tuner would try on this node. */
export interface OwnSetting {
  readonly pinned: boolean;
  readonly inFlightPerInstance: number;
}

export const ownSettings: readonly OwnSetting[] = [true, false].flatMap((pinned) =>
  [1, 2].map((inFlightPerInstance) => ({ pinned, inFlightPerInstance })),
);

export const withSetting = (plan: ServingPlan, { pinned, inFlightPerInstance }: OwnSetting): ServingPlan => ({
  ...plan,
  layout: { ...plan.layout, pinned },
  batching: { ...plan.batching, inFlightPerInstance },
});

/** A real server for a plan under load; `directory` takes its plan file. */
export async function startOwn(
  name: string,
  plan: ServingPlan,
  mix: RequestMix,
  directory: string,
): Promise<ServerUnderLoad> {
  // Saturation is no place for refusals: a refused request would count as an answer.
  const patient = { ...plan, revision: name, admission: { ...plan.admission, refuseLate: false } };
  const server = await SidecarProcess.start(patient, join(directory, `${name}.json`));
  return ServerUnderLoad.start(name, { inferUrl: server.inferUrl, close: () => server.close() }, mix);
}

interface OwnTrial {
  readonly setting: OwnSetting;
  /** Answers per second. */
  readonly rate: number;
}

/** The fastest of the grid by a short trial each. The caller disposes of it. */
export async function bestOwn(plan: ServingPlan, mix: RequestMix, directory: string) {
  const tried: OwnTrial[] = [];
  let best: (OwnTrial & { readonly server: ServerUnderLoad }) | undefined;
  for (const setting of ownSettings) {
    const server = await startOwn("server", withSetting(plan, setting), mix, directory);
    const rate = await server.trial();
    console.error(`  own setting ${JSON.stringify(setting)}: ${rate.toFixed(0)}/s`);
    tried.push({ setting, rate });
    const current = { server, setting, rate };
    const [kept, dropped]: (typeof best)[] = best === undefined || rate > best.rate ? [current, best] : [best, current];
    await dropped?.server[Symbol.asyncDispose]();
    best = kept;
  }
  return { ...(best as NonNullable<typeof best>), tried };
}
