import * as z from "zod";

/** The one version of every document and resource of this release. */
export const apiVersion = "sweetspot.dev/v1alpha1";

/** The envelope that each document starts with, so that a reader can tell what it holds before it parses the rest. */
export const envelope = <K extends string>(kind: K) => ({
  apiVersion: z.literal(apiVersion),
  kind: z.literal(kind),
});

/** A content digest, `sha256:` and 64 hexadecimal digits. */
export const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, "expected sha256: and 64 hexadecimal digits");

/** A short name that is also fit for a file, a metric label and a Kubernetes object. */
export const Name = z
  .string()
  .regex(
    /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
    "expected at most 63 letters, digits, dots, underscores or hyphens",
  );

/** Tensor names come from model files and may hold any printable characters. */
export const TensorName = z.string().min(1).max(256);

/** Absolute, or relative to the file that names it. */
export const FilePath = z.string().min(1).max(4096);

export const Count = z.int().min(0);
export const Positive = z.int().min(1);

/** Durations in documents are in microseconds and may be fractional: they are measurements, never settings. */
export const Microseconds = z.number().nonnegative();

/** Instants are RFC 3339 in UTC. */
export const Instant = z.iso.datetime();

export const Percentile = z.enum(["P50", "P90", "P95", "P99", "P999"]);
export type Percentile = z.infer<typeof Percentile>;

const shares: Record<Percentile, number> = { P50: 0.5, P90: 0.9, P95: 0.95, P99: 0.99, P999: 0.999 };

/** The share of requests that must be answered within the target, `P99` → 0.99. */
export const shareOf = (percentile: Percentile): number => shares[percentile];

/** What the user asked for: "99 % within 50 ms" is `{percentile: "P99", latencyMilliseconds: 50}`. */
export const ServiceLevelTarget = z.object({
  percentile: Percentile,
  latencyMilliseconds: z.int().min(1).max(600_000),
});
export type ServiceLevelTarget = z.infer<typeof ServiceLevelTarget>;

/**
 * The engines that a plan may name. `OpenInference` is another server that speaks the Open Inference Protocol: the sidecar batches
 * in front of it.
 */
export const EngineName = z.enum(["OnnxRuntime", "OpenVino", "CTranslate2", "OpenInference"]);
export type EngineName = z.infer<typeof EngineName>;

/**
 * Settings of an engine that its kind knows by name, such as `graphOptimizationLevel` of ONNX Runtime. Unknown ones are
 * refused by the server: the engines themselves would ignore many of them silently.
 */
export const EngineOptions = z
  .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_.]{0,63}$/), z.string().max(256))
  .refine((options) => Object.keys(options).length <= 32, { error: "expected at most 32 options" });
export type EngineOptions = z.infer<typeof EngineOptions>;

/** The model variants that this release can make, or says why not. */
export const MadeVariant = z.enum([
  "Source",
  "INT8Dynamic",
  "INT8Static",
  "Optimized",
  "INT8StaticEntropy",
  "INT8StaticPercentile",
  "INT8StaticMixed",
  "FP16",
  "BF16",
  "OpenVino",
  "OpenVinoINT8",
  "CTranslate2",
  "CTranslate2INT8",
]);
export type MadeVariant = z.infer<typeof MadeVariant>;

/** A variant: one of `MadeVariant`, or a model of the user's under a name of its own. */
export const VariantName = z
  .string()
  .max(24)
  .regex(/^[A-Za-z][A-Za-z0-9]{0,23}$/, "expected at most 24 letters and digits, a letter first");
export type VariantName = z.infer<typeof VariantName>;

/** Tensor element types, in the spelling of the Open Inference Protocol. */
export const Datatype = z.enum([
  "BOOL",
  "UINT8",
  "UINT16",
  "UINT32",
  "UINT64",
  "INT8",
  "INT16",
  "INT32",
  "INT64",
  "FP16",
  "FP32",
  "FP64",
  "BYTES",
]);
export type Datatype = z.infer<typeof Datatype>;
