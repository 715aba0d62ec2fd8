import { type CostCell, canonicalJson, type EngineName, type Padding, type ServingPlan } from "@sweetspot/crds";
import { seededRandom } from "@sweetspot/planner";
import { assembleBatch } from "../batch/assemble.ts";
import { createEnginePool } from "../engine/create-pool.ts";
import { EngineFailure, type EngineFailureKind, type EnginePool } from "../engine/engine.ts";
import { optionProblem } from "../engine/engine-options.ts";
import { LoadPacer } from "../engine/load-pacer.ts";
import { describeArtifact } from "../model/describe-artifact.ts";
import { probeParity } from "../model/parity-probe.ts";
import type { ModelSignature } from "../model/signature.ts";
import { synthesiseRow } from "../model/synthesise.ts";
import { Pipeline } from "../pipeline/pipeline.ts";
import { PlanError } from "../plan/plan-error.ts";
import type { DispatchObserver } from "./batch-report.ts";
import type { Clock } from "./clock.ts";
import { commission, shapesToTime } from "./commissioning.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { Log } from "./log.ts";
import { compilePlan, dispatchSettings, type RunningModel } from "./running-model.ts";

const warmUpLimitMilliseconds = 60_000;
const mostWarmUpRows = 8;
const unmeasuredLength = 16;

/** Who loads a plan, and beside whom. */
export interface LoadContext {
  readonly clock: Clock;
  readonly observer: DispatchObserver;
  readonly log: Log;
  /** What serves meanwhile: the engines that are loaded yield to it. */
  readonly serving: readonly EnginePool[];
}

/**
 * Makes a plan ready to serve: starts its engines, runs a few shapes through each, and proves its permission to pad on
 * this very machine. Where nothing serves meanwhile a few shapes of its cost table are timed, because time then says something. Throws `PlanError`, with the engine's own words only as its `cause`; no process is left then.
 */
export async function loadModel(plan: ServingPlan, context: LoadContext): Promise<RunningModel> {
  checkOptions(plan);
  const what =
    plan.artifact.engine === "OpenInference"
      ? "the upstream server has no such model, or is not ready"
      : "its model file cannot be understood";
  const signature = await step(what, () => describeArtifact(plan));
  const compiled = await step("it names inputs or outputs that the model does not have", async () =>
    compilePlan(plan, signature),
  );
  const pipeline = await openPipeline(plan, signature, context.log);
  try {
    return { ...(await loadEngines(compiled, context)), ...(pipeline && { pipeline }) };
  } catch (error) {
    await pipeline?.close();
    throw error;
  }
}

function checkOptions({ artifact }: ServingPlan): void {
  const problem = optionProblem(artifact.engine, artifact.options);
  if (problem !== null) throw new PlanError(`The plan cannot be served: ${problem}.`);
}

async function openPipeline({ pipeline }: ServingPlan, signature: ModelSignature, log: Log): Promise<Pipeline | null> {
  if (pipeline === undefined) return null;
  return step("its input pipeline does not fit the model or cannot be loaded", () =>
    Pipeline.open(pipeline, signature, log),
  );
}

async function loadEngines(compiled: ReturnType<typeof compilePlan>, context: LoadContext): Promise<RunningModel> {
  const { clock, observer, serving } = context;
  const usages = serving.flatMap(({ usage }) => usage ?? []);
  const pacer = usages.length === 0 ? null : new LoadPacer(usages, clock);
  try {
    const pool = await startProved(compiled, clock, pacer);
    const dispatcher = new Dispatcher(pool, compiled.plan.padding, dispatchSettings(compiled), clock, observer);
    return { ...compiled, pool, dispatcher };
  } finally {
    pacer?.end();
  }
}

async function startProved(
  compiled: ReturnType<typeof compilePlan>,
  clock: Clock,
  pacer: LoadPacer | null,
): Promise<EnginePool> {
  const { plan, signature } = compiled;
  const { outputs } = compiled.schema;
  const { file, engine, options = {} } = plan.artifact;
  const settings = { engine, file, layout: plan.layout, options };
  const pool = await step(unloadable[engine], () => createEnginePool(settings, { pacer }));
  try {
    await step("the engine failed while it was warmed up", () =>
      warmUp(pool, plan, signature, outputs, pacer === null),
    );
    if (plan.padding !== undefined) await checkPadding(pool, plan.padding, signature, outputs);
    if (pacer === null) await step("the engine failed while it was timed", () => timeShapes(pool, compiled, clock));
    return pool;
  } catch (error) {
    await pool.close(0);
    throw error;
  }
}

async function step<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    if (cause instanceof PlanError) throw cause;
    throw new PlanError(`The plan cannot be served: ${what}. See the server's log, then correct the plan.`, { cause });
  }
}

const unloadable: Readonly<Record<EngineName, string>> = {
  OnnxRuntime: "the engine cannot load its model",
  OpenVino: "the engine OpenVINO is not installed, or cannot load its model",
  CTranslate2: "the engine CTranslate2 is not installed, or cannot load its model",
  OpenInference: "the upstream server does not answer",
};

/** The first run of a shape is slow; every instance gets its share, because the pool takes the least loaded one. */
async function warmUp(
  pool: EnginePool,
  plan: ServingPlan,
  signature: ModelSignature,
  outputs: readonly string[],
  nothingServes: boolean,
): Promise<void> {
  const random = seededRandom(1);
  const rows = signature.batchable ? Math.min(plan.batching.maximumRows, mostWarmUpRows) : 1;
  for (const { length, size } of shapesToWarm(lengthsToWarm(plan), rows, nothingServes)) {
    const row = { inputs: synthesiseRow(signature, axisSize(length, signature), random), rows: 1, length };
    const { inputs } = assembleBatch(Array(size).fill(row), undefined);
    const runs = Array.from({ length: pool.instances }, () => pool.run(inputs, outputs, warmUpLimitMilliseconds));
    for (const result of await Promise.allSettled(runs))
      if (result.status === "rejected") tolerate(result.reason, plan.artifact.engine);
  }
}

/** Compares a few shapes with the plan's table, where it has one. */
async function timeShapes(
  pool: EnginePool,
  { plan, signature, schema, costs }: ReturnType<typeof compilePlan>,
  clock: Clock,
): Promise<void> {
  if (costs === null || plan.costTable === undefined) return;
  const random = seededRandom(2);
  const runAll = async ({ rows, length }: CostCell) => {
    const row = { inputs: synthesiseRow(signature, axisSize(length, signature), random), rows: 1, length };
    const { inputs } = assembleBatch(Array(rows).fill(row), undefined);
    const runs = Array.from({ length: pool.instances }, () =>
      pool.run(inputs, schema.outputs, warmUpLimitMilliseconds),
    );
    return (await Promise.allSettled(runs)).flatMap((run) => {
      if (run.status === "fulfilled") return [run.value];
      tolerate(run.reason, plan.artifact.engine);
      return [];
    });
  };
  const cells = shapesToTime(plan.costTable, signature.batchable ? plan.batching.maximumRows : 1);
  const found = await commission({ cells, runAll, now: () => clock.now() });
  if (found !== null) costs.commissioned(found);
}

/**
 * Each length alone and in a batch. Beside a plan that serves only the shortest goes in a batch: long ones are most of the
 * work, which is taken from those that are served, and save the first batch of their shape a twentieth of it.
 */
function shapesToWarm(lengths: readonly number[], rows: number, nothingServes: boolean) {
  if (!nothingServes) return lengths.map((length, i) => ({ length, size: i === 0 ? rows : 1 }));
  return lengths.flatMap((length) => [...new Set([1, rows])].map((size) => ({ length, size })));
}

/** A measured length is the product of the variable axes; a made-up row has the same size on each of them. */
function axisSize(length: number, { inputs }: ModelSignature): number {
  const axes = inputs.map(({ shape }) => shape.slice(1).filter((size) => size === -1).length);
  return Math.round(length ** (1 / Math.max(1, ...axes)));
}

/**
 * A model may well refuse a made-up row and take real ones. An engine that dies on it is another matter; of another server the
 * answer alone does not tell the two apart.
 */
function tolerate(error: unknown, engine: EngineName): void {
  const kinds: EngineFailureKind[] = engine === "OpenInference" ? ["Rejected", "Crashed"] : ["Rejected"];
  if (!(error instanceof EngineFailure && kinds.includes(error.kind))) throw error;
}

/** Shortest, middle and longest measured length. */
function lengthsToWarm({ costTable }: ServingPlan): number[] {
  if (costTable === undefined) return [unmeasuredLength];
  const lengths = [...new Set(costTable.cells.map((cell) => cell.length))].sort((a, b) => a - b);
  const at = (share: number) => lengths[Math.round(share * (lengths.length - 1))] as number;
  return [...new Set([at(0), at(0.5), at(1)])];
}

/** The plan's word is not enough: the same model may pad differently on another machine's kernels. */
async function checkPadding(
  pool: EnginePool,
  padding: Padding,
  signature: ModelSignature,
  outputs: readonly string[],
): Promise<void> {
  const { tolerance } = padding;
  const probe = await step("the padding probe failed", () => probeParity(pool, signature, outputs, { tolerance }));
  if (probe.padding !== null && samePadding(probe.padding, padding)) return;
  throw new PlanError(
    `The plan cannot be served: it permits padding within ${tolerance}, but ${findingOf(probe)}. Tune the model again on this machine.`,
  );
}

function findingOf({ padded, padding }: Awaited<ReturnType<typeof probeParity>>): string {
  if (padding !== null) return "the padding that holds here is another one";
  return padded === null ? "the model cannot be padded" : `padding changed the outputs by ${padded}`;
}

function samePadding(a: Padding, b: Padding): boolean {
  const key = ({ inputs, outputs }: Padding) =>
    canonicalJson([inputs, outputs].map((list) => list.map(canonicalJson).sort()));
  return key(a) === key(b);
}
