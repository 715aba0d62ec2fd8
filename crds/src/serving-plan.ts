import * as z from "zod";
import {
  Count,
  Digest,
  EngineName,
  EngineOptions,
  envelope,
  FilePath,
  Name,
  Positive,
  ServiceLevelTarget,
  TensorName,
  VariantName,
} from "./common.ts";
import { CostTable } from "./cost-table.ts";
import { InputPipeline } from "./input-pipeline.ts";

/** A model file made ready to serve. All paths are absolute, or relative to the plan's own file. */
export const ModelArtifact = z.object({
  variant: VariantName,
  engine: EngineName,
  /** With the engine `OpenInference` the model's address: `http://HOST:PORT/v2/models/NAME`, or with `https`, `grpc` or `grpcs`. */
  file: FilePath,
  /** Of the file; with `OpenInference` of the inputs and outputs as the server's metadata names them. */
  digest: Digest,
  /** Settings of the engine besides the layout; its defaults where absent. */
  options: EngineOptions.optional(),
  /** How to make the file where it is missing: the gzip of a `VariantRecipe` and the source model that it starts from. */
  recipe: z.object({ file: FilePath, source: FilePath }).optional(),
});
export type ModelArtifact = z.infer<typeof ModelArtifact>;

/** How the CPUs of one server are divided. */
export const Layout = z.object({
  /** Engine processes; each runs one batch at a time. */
  instances: z.int().min(1).max(256),
  /** Intra-op threads of each engine process. */
  threadsPerInstance: z.int().min(1).max(256),
  /** Give each instance CPUs of its own out of the server's cpuset. Which CPUs is the server's business. */
  pinned: z.boolean(),
  /** Let idle engine threads spin instead of sleep. */
  spinning: z.boolean(),
  /** An engine process that holds more memory than this is replaced; never where absent. */
  memoryMebibytesPerInstance: z.int().min(16).max(1_048_576).optional(),
});
export type Layout = z.infer<typeof Layout>;

/** `CostTable`: sort by padded length, cut by dynamic programming over the table. `Fifo`: arrival order, the baseline. */
export const BatchFormer = z.enum(["CostTable", "Fifo"]);
export type BatchFormer = z.infer<typeof BatchFormer>;

/** What the batch former may do. The same values drive the server and the simulator. */
export const BatchPolicy = z.object({
  former: BatchFormer,
  /** Rows of a batch at most; 1 turns batching off. */
  maximumRows: z.int().min(1).max(1024),
  /** A batch may be predicted to run this long at most; one request alone is always allowed. */
  maximumBatchMicroseconds: Positive,
  /** How long an idle engine may wait for a fuller batch; 0 is work-conserving. */
  holdMicroseconds: Count,
  /** Requests, oldest first, that one decision looks at. */
  windowRequests: z.int().min(1).max(1024),
  /** Batches handed to one engine at once; 2 hides the hand-over behind the compute. */
  inFlightPerInstance: z.int().min(1).max(4),
});
export type BatchPolicy = z.infer<typeof BatchPolicy>;

/** What may wait in the server. Beyond it, and where a deadline cannot be met, requests are refused at once. */
export const AdmissionPolicy = z.object({
  maximumQueuedRows: Positive,
  maximumQueuedBytes: Positive,
  /** Refuse what the cost table says will be late. */
  refuseLate: z.boolean(),
});
export type AdmissionPolicy = z.infer<typeof AdmissionPolicy>;

/** One input whose paddable axis is filled up with `value`. */
export const PaddedInput = z.object({ name: TensorName, axis: z.int().min(1).max(7), value: z.number() });
/** One output whose axis follows the padded axis and is cut back to the length of each request. */
export const TrimmedOutput = z.object({ name: TensorName, axis: z.int().min(1).max(7) });

/** Permission to pad, given only after a parity probe. Without it requests are grouped by exact shape. */
export const Padding = z.object({
  inputs: z.array(PaddedInput).min(1).max(64),
  outputs: z.array(TrimmedOutput).max(64),
  /** Largest absolute difference between a row alone and the same row padded that the server's own probe accepts. */
  tolerance: z.number().nonnegative(),
});
export type Padding = z.infer<typeof Padding>;

/** Bounds of an integer input, both inclusive: ids outside the embedding table are refused, not looked up. */
export const InputBounds = z.object({ name: TensorName, minimum: z.int(), maximum: z.int() });
export type InputBounds = z.infer<typeof InputBounds>;

/** Everything that a server needs to run one model: the unit that is tuned, rolled out, acknowledged and rolled back. */
export const ServingPlan = z.object({
  ...envelope("ServingPlan"),
  /** Names this plan in metrics, reports and acknowledgements. */
  revision: Name,
  modelName: Name,
  artifact: ModelArtifact,
  /** The outputs that are served; all of the model's when absent. */
  outputs: z.array(TensorName).min(1).max(64).optional(),
  inputBounds: z.array(InputBounds).max(64),
  padding: Padding.optional(),
  /** How texts and encoded images become tensors; absent: the server takes tensors only. */
  pipeline: InputPipeline.optional(),
  layout: Layout,
  batching: BatchPolicy,
  admission: AdmissionPolicy,
  serviceLevel: ServiceLevelTarget,
  /** Absent in a safe plan that was never measured: then the server serves without predictions. */
  costTable: CostTable.optional(),
});
export type ServingPlan = z.infer<typeof ServingPlan>;

/**
 * Name of the plan that a server makes for itself: the model as it is, and no risks. Where the file or annotation that selects a plan holds
 * this word, the server serves it, whatever plan new servers start with.
 */
export const safeRevision = "safe";
