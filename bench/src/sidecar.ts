import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServingPlan } from "@sweetspot/crds";
import { minilmTensors } from "@sweetspot/test";
import { type MiniLm, openMiniLm, requestsOf, type Workload, workloads } from "./minilm-workloads.ts";
import { bestOwn, measuredPlan, policyOf, startOwn } from "./own-server.ts";
import { bestRaw } from "./raw-onnxruntime.ts";
import { interleave, type RatioSummary, type Round, ratioOf } from "./rounds.ts";
import type { ServerUnderLoad } from "./server-under-load.ts";
import { writeResult } from "./write-result.ts";

/** Rounds of each comparison, and seconds of each baseline in it. */
const rounds = 5;
const seconds = 2;

/** The first ratios of the data plane: the real server at saturation against raw ONNX Runtime and against itself. */
export async function benchSidecar(): Promise<void> {
  const model = await openMiniLm();
  const directory = await mkdtemp(join(tmpdir(), "sweetspot-bench-"));
  try {
    const plan = await measuredPlan(model.file, directory);
    const results = [
      await fixedLength(workloads["16-json"], 0.85, model, plan, directory),
      await fixedLength(workloads["64-json"], 0.9, model, plan, directory),
      await mixedLengths(model, plan, directory),
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

async function fixedLength(
  workload: Workload,
  wanted: number,
  { file, signature }: MiniLm,
  plan: ServingPlan,
  directory: string,
): Promise<Comparison> {
  console.error(`\n${workload.title}, saturation against raw ONNX Runtime`);
  const { instances } = plan.layout;
  const raw = await bestRaw({ file, output: minilmTensors.embedding }, workload.rawLength, instances);
  console.error(`  best raw setting: ${JSON.stringify(raw.setting)}`);
  const { server } = await bestOwn(plan, requestsOf(workload, signature), directory);
  await using disposable = server;
  await disposable.warmUp();
  const measured = await interleave(() => raw.rowsPerSecond(seconds), [server], rounds);
  raw.close();
  return {
    rows: [{ measure: `${workload.title} / raw ONNX Runtime`, ratio: ratioOf(measured, "server"), wanted }],
    raw: { comparison: workload.title, rounds: measured },
  };
}

async function mixedLengths({ file, signature }: MiniLm, plan: ServingPlan, directory: string): Promise<Comparison> {
  console.error("\nMixed lengths, JSON, saturation: our batch former against FIFO-8 and against no batching");
  const { mixed } = workloads;
  const { instances } = plan.layout;
  const raw = await bestRaw({ file, output: minilmTensors.embedding }, mixed.rawLength, instances);
  await using servers = new AsyncDisposableStack();
  const contestants: ServerUnderLoad[] = [];
  for (const [name, policy] of [
    ["ours", policyOf("CostTable", 16)],
    ["fifo-8", policyOf("Fifo", 8)],
    ["single", policyOf("CostTable", 1)],
  ] as const) {
    const own = { ...plan, batching: policy };
    contestants.push(servers.use(await startOwn(name, own, requestsOf(mixed, signature), directory)));
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
