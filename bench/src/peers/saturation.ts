import type { ServingPlan } from "@sweetspot/crds";
import { minilmTensors } from "@sweetspot/test";
import type { RequestMix } from "@sweetspot/tuner";
import type { MiniLm, Workload } from "../minilm-workloads.ts";
import { bestOwn, type OwnSetting, ownSettings, policyOf, startOwn, withSetting } from "../own-server.ts";
import { bestRaw, startRaw } from "../raw-onnxruntime.ts";
import { type Contestant, interleave } from "../rounds.ts";
import type { ServerUnderLoad } from "../server-under-load.ts";
import { findBestSetting, type Questions, startUnderLoad } from "./best-setting.ts";
import { type Peer, type PeerName, type PeerSetting, peers } from "./catalogue.ts";
import { startOfflineOptimum, startOfflineSingle } from "./offline-optimum.ts";
import type { Grid, PeerResults, Saturation } from "./results.ts";

const validRounds = 5;
const mostRounds = 9;
const baselineSeconds = 2;
const peerWarmUpSeconds = 4;

/** What a part of the benchmark works with; what it finds goes into `results`. */
export interface Bench {
  readonly model: MiniLm;
  readonly plan: ServingPlan;
  readonly directory: string;
  readonly results: PeerResults;
  /** Try the grids again even where their best settings are known. */
  readonly regrid: boolean;
}

/** Own server, and a peer or own alternatives, at saturation; rounds bracketed by raw ONNX Runtime. */
export async function measureSaturation(bench: Bench, questions: Questions, peer: PeerName | "own"): Promise<void> {
  const { workload, mix } = questions;
  const { plan, results } = bench;
  console.error(
    `\n${workload.title}, saturation: own server and ${peer === "own" ? "raw engines" : peers[peer].title}`,
  );
  const key = `${workload.name} ${peer}`;
  // Before anything else is up: a trial must have the machine to itself.
  if (peer !== "own") await peerGrid(bench, peer, questions);
  const setting = await ownGrid(bench, "own", workload, mix);
  await using stack = new AsyncDisposableStack();
  const raw = await rawBaseline(bench, questions);
  stack.defer(() => raw.close());
  const own = stack.use(await startOwn("own", withSetting(plan, setting), mix, bench.directory));
  await own.warmUp();
  const others =
    peer === "own" ? await ownOthers(bench, questions, stack) : [await startPeer(bench, peer, questions, stack)];
  const contestants = [own, ...others];
  const rounds = await interleave(() => raw.rowsPerSecond(baselineSeconds), contestants, validRounds, mostRounds);
  results.saturation[key] = {
    measuredAt: new Date().toISOString(),
    raw: { ...raw.setting },
    rounds,
  } satisfies Saturation;
}

/** Raw ONNX Runtime at its best setting for the workload's length, tried where that is not known. */
async function rawBaseline({ results, regrid, plan }: Bench, { workload, modelFile }: Questions) {
  const model = { file: modelFile, output: minilmTensors.embedding };
  const key = gridKey(workload, "raw");
  const { instances, threads, rows } = (regrid ? undefined : results.grids[key]?.best) ?? {};
  if (typeof instances === "number" && typeof threads === "number" && typeof rows === "number") {
    const setting = { instances, threads, rows };
    const raw = await startRaw(model, setting, workload.rawLength);
    return { setting, rowsPerSecond: (seconds: number) => raw.rowsPerSecond(seconds), close: () => raw.close() };
  }
  const raw = await bestRaw(model, workload.rawLength, plan.layout.instances);
  results.grids[key] = { measuredAt: new Date().toISOString(), best: { ...raw.setting }, tried: raw.tried };
  return raw;
}

async function startPeer(bench: Bench, name: PeerName, questions: Questions, stack: AsyncDisposableStack) {
  const { best } = bench.results.grids[gridKey(questions.workload, name)] as Grid;
  const server = stack.use(await startUnderLoad(name, peers[name], best as PeerSetting, questions));
  await server.warmUp(peerWarmUpSeconds);
  return server;
}

/** On mixed lengths also own other policies, and what raw engines do with the same requests. */
async function ownOthers(bench: Bench, { workload, modelFile, mix }: Questions, stack: AsyncDisposableStack) {
  if (workload.name !== "mixed") return [];
  const { plan, directory } = bench;
  const contestants: Contestant[] = [];
  for (const name of ["fifo-8", "single"] as const) {
    const setting = await ownGrid(bench, name, workload, mix);
    const server: ServerUnderLoad = await startOwn(name, withSetting(planOf(plan, name), setting), mix, directory);
    stack.use(server);
    await server.warmUp();
    contestants.push(server);
  }
  const model = { file: modelFile, output: minilmTensors.embedding };
  const { costTable, layout } = plan;
  if (costTable === undefined) throw new Error("the plan has no measured table");
  const optimum = await startOfflineOptimum(model, costTable, workload.lengths, layout.instances);
  const single = await startOfflineSingle(model, costTable, workload.lengths, layout.instances);
  stack.defer(() => optimum.raw.close());
  stack.defer(() => single.close());
  return [
    ...contestants,
    { name: "raw-optimum", measure: () => optimum.raw.rowsPerSecond(baselineSeconds) },
    { name: "raw-single", measure: () => single.rowsPerSecond(baselineSeconds) },
  ];
}

type OwnName = "own" | "fifo-8" | "single";

/** The server's own alternatives differ in the policy only. */
export function planOf(plan: ServingPlan, name: OwnName): ServingPlan {
  const policies = { own: plan.batching, "fifo-8": policyOf("Fifo", 8), single: policyOf("CostTable", 1) };
  return { ...plan, batching: policies[name] };
}

const gridKey = (workload: Workload, name: string): string => `${workload.name} ${name}`;

/** The best setting of the own server for a workload, tried where it is not known. */
export async function ownGrid(bench: Bench, name: OwnName, workload: Workload, mix: RequestMix): Promise<OwnSetting> {
  const { results, regrid, plan, directory } = bench;
  const key = gridKey(workload, name);
  const known = regrid ? undefined : results.grids[key];
  const found = ownSettings.find(
    (each) => each.pinned === known?.best["pinned"] && each.inFlightPerInstance === known.best["inFlightPerInstance"],
  );
  if (found !== undefined) return found;
  const { server, setting, tried } = await bestOwn(planOf(plan, name), mix, directory);
  await server[Symbol.asyncDispose]();
  results.grids[key] = {
    measuredAt: new Date().toISOString(),
    best: { ...setting },
    tried: tried.map((each) => ({ setting: { ...each.setting }, rate: each.rate })),
  };
  return setting;
}

/** As `ownGrid`, for a peer. Throws `PeerUnavailableError`. */
export async function peerGrid(bench: Bench, name: PeerName, questions: Questions): Promise<PeerSetting> {
  const { results, regrid } = bench;
  const key = gridKey(questions.workload, name);
  const peer: Peer = peers[name];
  const known = regrid ? undefined : results.grids[key];
  const grid = known ?? (await findBestSetting(name, peer, questions));
  results.grids[key] = grid;
  return grid.best as PeerSetting;
}
