import { isDeepStrictEqual } from "node:util";
import { annotationKeys, labelKeys } from "@sweetspot/operator";
import type { ReadObject } from "../integration/operator-place.ts";

/** What a user sees of one InferenceDeployment, and what is made for it: by a short name, and equal for equal specs. */
export type DeploymentState = Readonly<Record<string, unknown>>;

const madeOfSpec = new Set(["Deployment", "Service", "ServiceAccount", "PodDisruptionBudget"]);
/** Given out by the API server, once for each Service. */
const addresses = new Set(["clusterIP", "clusterIPs"]);

/** The state of the InferenceDeployment of that name, among all objects of its namespace. */
export function stateOf(objects: readonly ReadObject[], name: string): DeploymentState {
  const own = objects.filter((object) => object.metadata.labels?.[labelKeys.inferenceDeployment] === name);
  const infd = objects.find((object) => object.kind === "InferenceDeployment" && object.metadata.name === name);
  return Object.fromEntries([...own.flatMap(partOf), ["status", infd === undefined ? undefined : statusOf(infd)]]);
}

/** Runs, Jobs, reports and histories are memories of what was: they are no part of it. */
function partOf({ kind, metadata, spec = {}, data, binaryData }: ReadObject): [string, unknown][] {
  const id = `${kind}/${metadata.name}`;
  if (madeOfSpec.has(kind)) {
    return [[id, Object.fromEntries(Object.entries(spec).filter(([field]) => !addresses.has(field)))]];
  }
  if (metadata.labels?.[labelKeys.component] !== "server") return [];
  if (kind === "ConfigMap") return [[id, { data, binaryData }]];
  return kind === "Pod" ? [[id, metadata.annotations?.[annotationKeys.plan]]] : [];
}

interface Status {
  readonly conditions?: readonly Condition[];
  readonly targets?: readonly Readonly<Record<string, unknown>>[];
  readonly autoscaling?: Readonly<Record<string, unknown>>;
}
interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

function statusOf({ status = {} }: ReadObject) {
  const {
    conditions = [],
    targets = [],
    autoscaling,
    observedGeneration: _,
    ...rest
  } = status as Status & Record<string, unknown>;
  const said = conditions.map(({ type, status: value, reason, message }) => [type, `${value} ${reason}: ${message}`]);
  // Revisions are a history, too, and the run of a target without a plan is any of those before.
  const plans = targets.map(({ revisions: _past, tuningRun, planRevision, ...target }) => ({
    ...target,
    planRevision,
    ...(planRevision === undefined ? {} : { tuningRun }),
  }));
  const { since: _since, ...scaling } = autoscaling ?? {};
  return { ...rest, scaling, conditions: Object.fromEntries(said), targets: plans };
}

/** Where two states differ, each with both values cut short. */
export function differences(wanted: unknown, found: unknown, path = ""): string[] {
  if (isDeepStrictEqual(wanted, found)) return [];
  if (isObject(wanted) && isObject(found)) {
    const keys = new Set([...Object.keys(wanted), ...Object.keys(found)]);
    return [...keys].flatMap((key) => differences(wanted[key], found[key], `${path}.${key}`));
  }
  return [`${path.slice(1)} is ${short(found)}, not ${short(wanted)}`];
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

const short = (value: unknown): string => (JSON.stringify(value) ?? "absent").slice(0, 160);

/** Whether requests are served as was asked, or a condition says what stands in the way. */
export function isSaid({ status }: ReadObject): boolean {
  const conditions = (status as Status | undefined)?.conditions ?? [];
  const is = (type: string) => conditions.find((condition) => condition.type === type)?.status === "True";
  const serves = is("Ready") && is("ConfigurationApplied") && !is("Stalled");
  const words = conditions.filter(({ status: value, message }) => value === "False" && message !== "");
  return serves || is("Stalled") || words.some(({ type }) => type !== "Reconciling" && type !== "Stalled");
}
