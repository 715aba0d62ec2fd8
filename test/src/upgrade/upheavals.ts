import { isDeepStrictEqual } from "node:util";
import type { ReadObject } from "../integration/operator-place.ts";

const idOf = ({ kind, metadata }: ReadObject): string => `${kind}/${metadata.name}`;

/**
 * What became of objects that should have been left as they were, in sentences; none where an upgrade went unnoticed. New fields in
 * status are no upheaval, and neither are new conditions.
 */
export function upheavals(before: readonly ReadObject[], after: readonly ReadObject[]): string[] {
  const now = new Map(after.map((object) => [idOf(object), object]));
  const known = new Set(before.map(idOf));
  const made = after.filter((object) => !known.has(idOf(object))).map((object) => `${idOf(object)} was made`);
  return [...made, ...before.flatMap((object) => changesOf(object, now.get(idOf(object))))];
}

function changesOf(before: ReadObject, after: ReadObject | undefined): string[] {
  const id = idOf(before);
  if (after === undefined) return [`${id} is gone`];
  if (after.metadata.uid !== before.metadata.uid) return [`${id} was made anew`];
  const parts = ["spec", "data", "binaryData"] as const;
  return [
    ...parts.flatMap((part) => differences(before[part], after[part], part)),
    ...differences(before.metadata.annotations, after.metadata.annotations, "metadata.annotations"),
    ...differences(reasonsOf(before), reasonsOf(after), "status.conditions"),
    ...differences(plansOf(before), plansOf(after), "status.targets"),
  ].map((path) => `${id}: ${path} is another one`);
}

/** Paths of what is gone or another one; of what was added too, but below `status`. */
function differences(before: unknown, after: unknown, path: string): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isObject(before) || !isObject(after)) return [path];
  const keys = new Set([...Object.keys(before), ...(path.startsWith("status") ? [] : Object.keys(after))]);
  return [...keys].flatMap((key) => differences(before[key], after[key], `${path}.${key}`));
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

type Condition = Readonly<Record<"type" | "status" | "reason" | "lastTransitionTime", string>>;

function reasonsOf({ kind, status = {} }: ReadObject): Record<string, string> | undefined {
  if (kind !== "InferenceDeployment" && kind !== "TuningRun") return undefined;
  const conditions = (status["conditions"] ?? []) as readonly Condition[];
  return Object.fromEntries(
    conditions.map(({ type, reason, status: value, lastTransitionTime }) => [
      type,
      `${value} ${reason} since ${lastTransitionTime}`,
    ]),
  );
}

function plansOf({ kind, status = {} }: ReadObject): unknown {
  if (kind !== "InferenceDeployment") return undefined;
  const targets = (status["targets"] ?? []) as readonly Readonly<Record<string, unknown>>[];
  return Object.fromEntries(
    targets.map(({ name, planRevision, winner, capacityRequestsPerSecond, revisions }) => [
      String(name),
      { planRevision, winner, capacityRequestsPerSecond, revisions },
    ]),
  );
}
