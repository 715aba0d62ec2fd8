import {
  apiVersion,
  type BatchPolicy,
  type Candidate,
  type CostTable,
  type Layout,
  TuningReport,
  type VariantName,
} from "@sweetspot/crds";
import { checklistOf } from "../../checklist/checklist.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

const layout = (instances: number, threadsPerInstance: number): Layout => ({
  instances,
  threadsPerInstance,
  pinned: true,
  spinning: false,
});

const batching = (maximumRows: number): BatchPolicy => ({
  former: "CostTable",
  maximumRows,
  maximumBatchMicroseconds: 20_000,
  holdMicroseconds: 0,
  windowRequests: 128,
  inFlightPerInstance: 1,
});

/** Times after a plausible law: a fixed part per batch, and a part per row that grows with the length. */
function costTable(speed: number): CostTable {
  const cells = [16, 64, 128, 256].flatMap((length) =>
    [1, 2, 4, 8, 16].map((rows) => ({
      rows,
      length,
      microseconds: (900 + 75 * rows * length ** 1.05) / speed,
      samples: 12,
    })),
  );
  return {
    apiVersion,
    kind: "CostTable",
    cells,
    noiseFactors: [0.96, 1, 1.05],
    overhead: { perBatchMicroseconds: 180, perRequestMicroseconds: 90 },
  };
}

function raced(name: string, variant: VariantName, mean: number, change: Partial<Candidate> = {}): Candidate {
  const swings = [0.97, 1.02, 0.99, 1.04, 1.01, 0.98];
  return {
    name,
    summary: `OnnxRuntime ${variant}, 2x1 threads, batch <= 8`,
    variant,
    layout: layout(2, 1),
    batching: batching(8),
    prediction: {
      capacityRequestsPerSecond: mean * 1.04,
      latencyAt70PercentMilliseconds: 21.4,
      meanBatchRows: 3.2,
    },
    role: "Raced",
    rounds: swings.map((swing, round) => ({
      round,
      capacityRequestsPerSecond: round === 3 ? mean * 0.6 : mean * swing,
      void: round === 3,
    })),
    measured: { estimate: mean, low: mean * 0.97, high: mean * 1.03 },
    lost: null,
    ...change,
  };
}

const candidates = (): Candidate[] => [
  raced("int8-dynamic-2x1-b8", "INT8Dynamic", 318),
  raced("source-2x1-b8", "Source", 204, { lost: "Its capacity is 0.64x (0.61 to 0.67) of the winner's." }),
  raced("default", "Source", 131, {
    role: "Incumbent",
    summary: "OnnxRuntime Source, 1x2 threads, no batching",
    layout: layout(1, 2),
    batching: batching(1),
    lost: "Its capacity is 0.41x (0.39 to 0.43) of the winner's.",
  }),
  raced("int8-static-2x1-b16", "INT8Static", 290, {
    role: "Predicted",
    rounds: [],
    measured: null,
    lost: "Its variant failed the quality gate.",
  }),
];

/** A complete, valid report of an imagined tuning run, with the checklist that follows from it. */
export function sampleReport(change: Partial<TuningReport> = {}): TuningReport {
  const report = TuningReport.parse({
    apiVersion,
    kind: "TuningReport",
    question: {
      apiVersion,
      kind: "TuningQuestion",
      model: { name: "minilm-l3", digest },
      task: "TextEmbedding",
      serviceLevel: { percentile: "P99", latencyMilliseconds: 50 },
      quality: { metric: "CosineSimilarity", maximumLossBasisPoints: 100, mode: "Enforce" },
      workload: { source: "Samples", samples: 400, digest, labelled: false, requestsPerSecond: null },
      variants: ["Source", "INT8Dynamic", "INT8Static"],
      cpus: 2,
      budgetSeconds: 60,
      seed: 1,
    },
    questionDigest: digest,
    startedAt: "2026-01-02T03:04:05Z",
    finishedAt: "2026-01-02T03:05:03Z",
    completed: true,
    environment: {
      cpuModel: "Imagined CPU",
      architecture: "x64",
      instructionSets: ["avx2", "avx512f", "avx512_vnni"],
      usableCpus: 2,
      hostCpus: 2,
      threadsPerCore: 1,
      memoryBytes: 25_769_803_776,
      cpuQuota: null,
      cgroupVersion: 2,
      governor: null,
      kernel: "6.1.0",
      versions: { sweetspot: "0.1.0", node: "24.21.0", onnxruntime: "1.30.0" },
      noise: 0.034,
      noiseFactor: 1.021,
      accelerators: [],
    },
    variants: variants(),
    tables: [
      { variant: "Source", layout: layout(2, 1), table: costTable(1), heldOutError: 0.021 },
      { variant: "INT8Dynamic", layout: layout(2, 1), table: costTable(1.9), heldOutError: 0.033 },
      { variant: "Source", layout: layout(1, 2), table: costTable(1.6), heldOutError: null },
    ],
    referenceMicroseconds: 2300,
    candidates: candidates(),
    decision: decision(),
    findings: findings(),
    requestShapes: [16, 24, 64, 64, 128, 200].map((length) => ({ rows: 1, length, group: "" })),
    pinningTrial: { pinnedRequestsPerSecond: 402, unpinnedRequestsPerSecond: 331 },
    ...change,
  });
  return { ...report, checklist: change.checklist ?? checklistOf(report) };
}

const variants = () => [
  {
    variant: "Source",
    engine: "OnnxRuntime",
    state: "Ready",
    message: "The model as it was given.",
    seconds: 0,
    bytes: 69_000_000,
    digest,
    quality: null,
    eligible: true,
  },
  {
    variant: "INT8Dynamic",
    engine: "OnnxRuntime",
    state: "Ready",
    message: "24 of 26 matrix products run in INT8.",
    seconds: 3.1,
    bytes: 17_900_000,
    digest,
    quality: {
      metric: "CosineSimilarity",
      loss: { estimate: 0.0041, low: 0.0036, high: 0.0047 },
      samples: 400,
      verdict: "Pass",
      moreSamples: null,
    },
    eligible: true,
  },
  {
    variant: "INT8Static",
    engine: "OnnxRuntime",
    state: "Ready",
    message: "Calibrated on 64 samples.",
    seconds: 8.2,
    bytes: 17_900_000,
    digest,
    quality: {
      metric: "CosineSimilarity",
      loss: { estimate: 0.031, low: 0.027, high: 0.036 },
      samples: 400,
      verdict: "Fail",
      moreSamples: null,
    },
    eligible: false,
  },
];

const decision = () => ({
  winner: "int8-dynamic-2x1-b8",
  summary: "OnnxRuntime INT8Dynamic, 2x1 threads, batch <= 8",
  reason: "It carries 2.43 times the rate of the naive default within the target, and loses 0.41 % of quality.",
  feasible: true,
  bestReachableMilliseconds: 4.2,
  capacityRequestsPerSecond: 318,
  confirmation: {
    offeredRequestsPerSecond: 223,
    latencyMilliseconds: 31.7,
    predictedLatencyMilliseconds: 40.2,
    verdict: {
      result: "Pass",
      requests: 2230,
      misses: 3,
      allowedMisses: 22.3,
      confidence: 0.99,
      requiredRequests: null,
      message: "3 of 2230 requests missed the target; so few would be a rare accident if it were not met.",
    },
  },
  gainOverDefault: { estimate: 2.43, low: 2.35, high: 2.5 },
  plan: {
    apiVersion,
    kind: "ServingPlan",
    revision: "plan-0123456789ab",
    modelName: "minilm-l3",
    artifact: { variant: "INT8Dynamic", engine: "OnnxRuntime", file: "INT8Dynamic.onnx", digest },
    inputBounds: [{ name: "input_ids", minimum: 0, maximum: 30_521 }],
    layout: layout(2, 1),
    batching: batching(8),
    admission: { maximumQueuedRows: 256, maximumQueuedBytes: 67_108_864, refuseLate: true },
    serviceLevel: { percentile: "P99", latencyMilliseconds: 50 },
    costTable: costTable(1.9),
  },
});

const findings = () => [
  { topic: "Quantization", outcome: "Gained", message: "INT8 is 1.9 times as fast as FP32 here." },
  { topic: "Batching", outcome: "Gained", message: "At length 16 a row costs 0.6 of its time alone in a batch of 8." },
  {
    topic: "Padding",
    outcome: "NotApplicable",
    message: "Padding changes no output: requests of all lengths share batches.",
  },
  { topic: "Threads", outcome: "Lost", message: "One process with two threads carries 0.72 of two with one." },
  { topic: "Environment", outcome: "Warning", message: "CPU frequency is not under control here." },
];
