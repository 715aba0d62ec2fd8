import { apiVersion, type Environment, type VariantName } from "@sweetspot/crds";
import { median } from "@sweetspot/planner";
import {
  Budget,
  findBest,
  type LoadableVariant,
  type OpenedModel,
  sampleSet,
  type TuningState,
} from "@sweetspot/tuner";
import type { RecordedTruth } from "./recorded-truth.ts";
import { ReplayedMachine } from "./replayed-machine.ts";

/** What a replayed tuning decided. */
interface ReplayedTuning {
  /** Index of the point that won. */
  readonly pick: number;
  /** Virtual seconds from the first table to the decision. */
  readonly seconds: number;
  /** Names of the points that raced. */
  readonly raced: readonly string[];
}

/**
 * Runs the tuner's own stages, from the first table to the decision, on a recording: it may choose among the points of the recorded
 * grid, has so many seconds, and sees the recorded scatter as noise.
 */
export async function replayTuning(truth: RecordedTruth, budgetSeconds: number, seed: number): Promise<ReplayedTuning> {
  const machine = new ReplayedMachine(truth, seed);
  const state = stateOf(truth, machine, budgetSeconds, seed);
  let winner: string | undefined;
  await findBest(state, async (choice) => {
    winner = choice.winner.name;
  });
  const [naive, ...others] = state.candidates;
  const best = winner ?? others[0]?.name ?? naive?.name ?? "";
  return {
    pick: truth.indexOf(best),
    seconds: machine.elapsedSeconds,
    raced: state.candidates.filter(({ measured }) => measured !== null).map(({ name }) => name),
  };
}

function stateOf(truth: RecordedTruth, machine: ReplayedMachine, budgetSeconds: number, seed: number): TuningState {
  const { recording } = truth;
  const { target, model, points } = recording;
  const variants = [...new Set(points.map(({ variant }) => variant))] as VariantName[];
  const eligible: LoadableVariant[] = variants.map((variant) => ({
    variant,
    file: `/recorded/${variant}`,
    digest: model.digest,
    padding: undefined,
  }));
  const policies = new Map(
    points.filter(({ layout }) => !layout.spinning).map(({ policy }) => [JSON.stringify(policy), policy]),
  );
  const request = {
    modelFile: `/recorded/${model.name}`,
    modelName: model.name,
    task: "Generic",
    target,
    quality: { maximumLossBasisPoints: 100, mode: "Unchecked" },
    budgetSeconds,
    seed,
    outputDirectory: "/recorded",
  } as const;
  return {
    request,
    budget: new Budget(budgetSeconds, machine.now),
    signal: new AbortController().signal,
    startedAt: new Date(0),
    environment: recordedEnvironment(truth),
    cpus: recording.machine.cpus,
    instruments: machine,
    policies: [...policies.values()],
    pinnings: [false],
    model: recordedModel(truth, eligible[0] as LoadableVariant),
    variants: [],
    eligible,
    tables: [],
    referenceMicroseconds: 1,
    candidates: [],
    confirmation: null,
    pinningTrial: null,
    findings: [],
    say: () => undefined,
  };
}

/** What the search, the race and the decision read of a model: no weights, and samples only by their shapes. */
function recordedModel({ recording }: RecordedTruth, source: LoadableVariant): OpenedModel {
  const { shapes, model, batchable, target, machine } = recording;
  return {
    signature: { inputs: [], outputs: [], batchable, variableAxis: null, inputBounds: [] },
    source,
    samples: sampleSet(
      shapes.map(([, length]) => ({ inputs: [], length, label: null })),
      "Samples",
    ),
    shapes: shapes.map(([rows, length, group]) => ({ rows, length, group: String(group) })),
    outputs: ["recorded"],
    question: {
      apiVersion,
      kind: "TuningQuestion",
      model,
      task: "Generic",
      serviceLevel: target,
      quality: { metric: "CosineSimilarity", maximumLossBasisPoints: 100, mode: "Unchecked" },
      workload: {
        source: "Samples",
        samples: shapes.length,
        digest: model.digest,
        labelled: false,
        requestsPerSecond: null,
      },
      variants: ["Source"],
      cpus: machine.cpus,
      budgetSeconds: 1,
      seed: 1,
    },
  };
}

function recordedEnvironment({ recording: { machine, runs } }: RecordedTruth): Environment {
  const { cpuModel, cpus, instructionSets } = machine;
  const unknown = {
    governor: null,
    cpuQuota: null,
    accelerators: null,
    memoryBytes: 0,
    threadsPerCore: 1,
    versions: {},
  };
  const steps = runs.map(({ reference: [before, after] }) => Math.max(before, after) / Math.min(before, after));
  return {
    ...unknown,
    cpuModel,
    instructionSets,
    architecture: "recorded",
    kernel: "recorded",
    usableCpus: cpus,
    hostCpus: cpus,
    cgroupVersion: 0,
    noise: null,
    // What equal work differed by from one moment to the next.
    noiseFactor: median(steps),
  };
}
