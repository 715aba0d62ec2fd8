/** Distributes replicas over targets as evenly as whole pods allow, the first targets getting the rest. */
export function distributeReplicas(replicas: number, targets: number): number[] {
  const each = Math.floor(replicas / targets);
  return Array.from({ length: targets }, (_, index) => each + (index < replicas % targets ? 1 : 0));
}
