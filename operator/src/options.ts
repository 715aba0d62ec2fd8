import * as z from "zod";
import { baselineSeconds } from "./policies/observation-times.ts";
import type { OperatorSettings } from "./settings.ts";

const list = z
  .string()
  .default("")
  .transform((text) => text.split(",").filter((item) => item !== ""));
const port = z.coerce.number().int().min(0).max(65_535);

/** The environment that the chart sets. All names begin with SWEETSPOT_. */
const Environment = z.object({
  SERVER_IMAGE: z.string().min(1),
  TUNER_IMAGE: z.string().min(1),
  IMAGE_PULL_POLICY: z.enum(["Always", "IfNotPresent", "Never"]).default("IfNotPresent"),
  IMAGE_PULL_SECRETS: list,
  // As many as the status of a target has room for.
  NODE_CLASS_LABELS: list.refine((keys) => keys.length <= 16, "at most 16 labels tell kinds of nodes apart"),
  DRAIN_SECONDS: z.coerce.number().int().min(0).max(600).default(3),
  // Costs are medians over minutes.
  BASELINE_SECONDS: z.coerce.number().int().min(60).max(3600).default(baselineSeconds),
  PROMETHEUS_URL: z.union([z.literal(""), z.url({ protocol: /^https?$/ })]).default(""),
  ALLOWED_MODEL_NETWORKS: list,
  MAXIMUM_MODEL_BYTES: z.coerce
    .number()
    .int()
    .min(1)
    .default(8 * 2 ** 30),
  HUGGING_FACE_ENDPOINT: z.url({ protocol: /^https?$/ }).default("https://huggingface.co"),
  /** Namespace of the operator itself, which holds its lease. */
  NAMESPACE: z.string().min(1),
  /** Name of its pod. */
  POD_NAME: z.string().min(1),
  LEASE_NAME: z.string().min(1).default("sweetspot-operator"),
  /** The one namespace to look after; all when empty. */
  WATCH_NAMESPACE: z.string().default(""),
  HEALTH_PORT: port.default(8081),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error"]).default("info"),
});

/** What the process is started with. */
export interface ProcessOptions {
  readonly settings: OperatorSettings;
  readonly identity: string;
  readonly lease: { readonly namespace: string; readonly name: string };
  readonly namespace: string | undefined;
  readonly healthPort: number;
  readonly logLevel: string;
}

const prefix = "SWEETSPOT_";

/** Reads the environment. Throws an error whose message names each variable that is missing or wrong. */
export function readOptions(environment: Readonly<Record<string, string | undefined>>): ProcessOptions {
  const own = Object.entries(environment).flatMap(([name, value]) =>
    name.startsWith(prefix) && value !== undefined ? [[name.slice(prefix.length), value] as const] : [],
  );
  const parsed = Environment.safeParse(Object.fromEntries(own));
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${prefix}${path.join(".")}: ${message}`);
    throw new Error(`The operator's environment is not complete. ${problems.join("; ")}. The chart sets it.`);
  }
  const { data } = parsed;
  return {
    settings: {
      serverImage: data.SERVER_IMAGE,
      tunerImage: data.TUNER_IMAGE,
      imagePullPolicy: data.IMAGE_PULL_POLICY,
      imagePullSecrets: data.IMAGE_PULL_SECRETS,
      nodeClassLabels: data.NODE_CLASS_LABELS,
      drainSeconds: data.DRAIN_SECONDS,
      baselineSeconds: data.BASELINE_SECONDS,
      prometheusUrl: data.PROMETHEUS_URL === "" ? null : data.PROMETHEUS_URL,
      modelSources: {
        allowedNetworks: data.ALLOWED_MODEL_NETWORKS,
        maximumBytes: data.MAXIMUM_MODEL_BYTES,
        huggingFaceEndpoint: data.HUGGING_FACE_ENDPOINT,
      },
    },
    identity: data.POD_NAME,
    lease: { namespace: data.NAMESPACE, name: data.LEASE_NAME },
    namespace: data.WATCH_NAMESPACE === "" ? undefined : data.WATCH_NAMESPACE,
    healthPort: data.HEALTH_PORT,
    logLevel: data.LOG_LEVEL,
  };
}
