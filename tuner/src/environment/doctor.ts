import { setTimeout as sleep } from "node:timers/promises";
import { apiVersion, type DoctorFinding, type DoctorReport, type Environment } from "@sweetspot/crds";
import { seededRandom } from "@sweetspot/planner";
import { describeModel, type ModelSignature } from "@sweetspot/sidecar";
import { synthesise } from "../inputs/synthesise.ts";
import { openSingleEngine } from "../measure/single-engine.ts";
import { timeBatches } from "../measure/time-batches.ts";
import { readAccelerators } from "./accelerators.ts";
import { activityBetween, readMachine, throttlingBetween } from "./activity.ts";
import { usableCpus } from "./cpu-list.ts";
import { readTopology } from "./cpu-topology.ts";
import { describeEnvironment } from "./describe.ts";
import { findingsOf } from "./findings/findings.ts";
import { readFrequency } from "./frequency.ts";
import { machineFiles } from "./machine-files.ts";
import { type MemoryFacts, readMemory } from "./memory.ts";
import { bandwidthBytes, measureMemoryBandwidth } from "./memory-bandwidth.ts";
import { noiseFactorOf, noiseOf, timeRepeatedly } from "./noise.ts";
import { askNvidiaSmi } from "./nvidia-smi.ts";
import { readPins } from "./pinned-versions.ts";
import { readPressure } from "./pressure.ts";

export interface DoctorOptions {
  /** How long to look at what else runs, and again how long the A/A test takes. */
  readonly seconds: number;
  /** A model whose batches the A/A test times; without one it is a loop of arithmetic. */
  readonly modelFile?: string;
  readonly signal: AbortSignal;
  /** Told what goes on, in words. */
  readonly say: (message: string) => void;
}

/**
 * Examines this machine: reads, looks, measures, and judges each fact. Changes nothing. Throws `ModelFileError` or
 * `EngineFailure` for a model that cannot be used, and the signal's reason when it fires.
 */
export async function examineMachine({ seconds, modelFile, signal, say }: DoctorOptions): Promise<DoctorReport> {
  say("Reading what the system tells");
  const at = new Date();
  const model = modelFile === undefined ? null : await describeModel(modelFile);
  const usable = usableCpus();
  // Before the doctor itself starts programs that ask for a CPU.
  const [memory, pressure] = [readMemory(machineFiles), readPressure(machineFiles)];
  const described = await describeEnvironment();
  const smi = await askNvidiaSmi();

  say(`Looking at what else runs, for ${seconds} s`);
  const before = readMachine(machineFiles, performance.now());
  await sleep(1000 * seconds, undefined, { signal });
  const after = readMachine(machineFiles, performance.now());
  const accelerators = smi.state === "Answered" ? smi.activity : [];
  const activity = activityBetween(before, after, { files: machineFiles, without: [process.pid], accelerators });

  say("Measuring the speed of memory");
  const memoryBytesPerSecond = bandwidthOf(memory);
  say("Timing equal work, to see the noise");
  const times = await timeEqualWork(model, modelFile, { milliseconds: 1000 * seconds, signal });
  const environment: Environment = {
    ...described,
    noise: times.length < 2 ? null : noiseOf(times),
    noiseFactor: noiseFactorOf(times),
  };
  const findings: DoctorFinding[] = findingsOf({
    environment,
    activity,
    memory,
    pressure,
    memoryBytesPerSecond,
    smi,
    model,
    usable,
    pins: readPins(),
    topology: readTopology(machineFiles, usable),
    frequency: readFrequency(machineFiles, usable[0] ?? 0),
    accelerators: readAccelerators(machineFiles),
    throttling: { during: throttlingBetween(before.throttling, after.throttling), ended: after.throttling },
  });
  return {
    apiVersion,
    kind: "DoctorReport",
    at: at.toISOString(),
    environment,
    activity,
    memoryBytesPerSecond,
    findings,
  };
}

/** Null where the copies would not fit into the memory that is free. */
function bandwidthOf({ availableBytes, limitBytes }: MemoryFacts): number | null {
  const room = Math.min(availableBytes ?? 0, limitBytes ?? Number.POSITIVE_INFINITY);
  return room < 4 * bandwidthBytes ? null : measureMemoryBandwidth();
}

const leastRuns = 40;

/** Times of equal work in the order in which it ran. */
async function timeEqualWork(
  model: ModelSignature | null,
  modelFile: string | undefined,
  { milliseconds, signal }: { readonly milliseconds: number; readonly signal: AbortSignal },
): Promise<number[]> {
  if (model === null || modelFile === undefined) {
    return timeRepeatedly(arithmetic, { leastRuns, milliseconds, signal });
  }
  const pool = await openSingleEngine(modelFile);
  try {
    const [sample] = synthesise(model, 1, seededRandom(1)).samples;
    const outputs = model.outputs.map(({ name }) => name);
    signal.throwIfAborted();
    return (await timeBatches(pool, sample?.inputs ?? [], outputs, { minimumRuns: leastRuns, milliseconds })).engine;
  } finally {
    await pool.close();
  }
}

const arithmeticSteps = 2_000_000;

/** A few milliseconds of multiplications that depend on each other: the clock of one core and little else. */
function arithmetic(): number {
  let value = 1;
  for (let step = 0; step < arithmeticSteps; step += 1) value = (Math.imul(value, 1_664_525) + 1_013_904_223) | 0;
  return value;
}
