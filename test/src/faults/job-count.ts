import type { AuditEvent } from "../../cluster/src/index.ts";
import type { OperatorPlace } from "../integration/operator-place.ts";

/**
 * Jobs that were made beyond one for each question and attempt, by `NAMESPACE/NAME`: what was deleted since counts too. Each
 * InferenceDeployment of a name may ask for itself.
 */
export function repeatedJobs({ server }: OperatorPlace): string[] {
  const log = server.auditLog();
  const made = namesOf(log, "jobs");
  const askers = new Map<string, number>();
  for (const name of namesOf(log, "inferencedeployments")) {
    const namespace = name.replace(/\/.*$/, "");
    askers.set(namespace, (askers.get(namespace) ?? 0) + 1);
  }
  const before = new Map<string, number>();
  return made.filter((name) => {
    const count = (before.get(name) ?? 0) + 1;
    before.set(name, count);
    return count > (askers.get(name.replace(/\/.*$/, "")) ?? 1);
  });
}

/** `NAMESPACE/NAME` of each object of a kind that was made. */
const namesOf = (log: readonly AuditEvent[], resource: string): string[] =>
  log
    .filter(({ objectRef, responseStatus }) => {
      return objectRef?.resource === resource && objectRef.subresource === undefined && responseStatus?.code === 201;
    })
    .map(({ objectRef }) => `${objectRef?.namespace}/${objectRef?.name}`);
