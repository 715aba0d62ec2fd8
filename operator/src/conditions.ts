import {
  type Condition,
  type ConditionType,
  explain,
  type ReasonName,
  type ReasonValues,
  type ResourceKind,
} from "@sweetspot/crds";

/** A condition without the bookkeeping that status adds. */
export type Finding = Pick<Condition, "type" | "status" | "reason" | "message">;

/** Short names for `explain` of one resource: `say("Tuned", "Disabled", {})`. */
export const sayFor =
  <K extends ResourceKind>(kind: K) =>
  <T extends ConditionType<K>, R extends ReasonName<K, T>>(
    ...[type, reason, values]: [type: T, reason: R, values: ReasonValues<K, T, R>]
  ): Finding =>
    explain(kind, type, reason, values);

/**
 * Conditions as they stand in status. The time of the last transition stays while the status does, and the object stays
 * byte for byte the same while nothing changes, so that a converged system writes nothing.
 */
export function conditionsOf(
  findings: readonly Finding[],
  previous: readonly Condition[],
  observedGeneration: number,
  now: number,
): Condition[] {
  return findings.map((finding) => {
    const before = previous.find(({ type }) => type === finding.type);
    const kept = before?.status === finding.status ? before.lastTransitionTime : undefined;
    return { ...finding, observedGeneration, lastTransitionTime: kept ?? secondsOf(now) };
  });
}

/** Kubernetes keeps whole seconds. */
export const secondsOf = (now: number): string => new Date(now).toISOString().replace(/\.\d{3}Z$/, "Z");

/** Findings whose status or reason changed, in words for an event. */
export function changesOf(findings: readonly Finding[], previous: readonly Condition[]): Finding[] {
  return findings.filter(({ type, status, reason }) => {
    const before = previous.find((condition) => condition.type === type);
    return before?.status !== status || before.reason !== reason;
  });
}
