import type { Layout, PinningState } from "@sweetspot/crds";

/** Which CPUs each engine process gets; `sets` is null when they all share, and `reason` says why. */
export interface CpuAssignment {
  readonly sets: readonly (readonly number[])[] | null;
  readonly reason: string | null;
}

/** What is known when the outcome of pinning is judged. */
export interface PinningEvidence {
  readonly layout: Layout;
  readonly assignment: CpuAssignment;
  /** CPUs that this server may use, and those that the host has online. */
  readonly usable: readonly number[];
  readonly online: readonly number[];
  /** Per instance what its process may use as Linux lists it, null where no process could be asked. */
  readonly observed: readonly (string | null)[];
  /** False where processes cannot be bound: there is no `taskset`, or the system forbids it. */
  readonly bindable: boolean;
}

/**
 * Reads a CPU list as Linux writes it: `0-3,8` → [0, 1, 2, 3, 8]. Throws `RangeError` for anything else.
 * An empty text is an empty list.
 */
export function parseCpuList(text: string): number[] {
  const parts = text.trim() === "" ? [] : text.trim().split(",");
  return parts.flatMap((part) => {
    const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || last < first) throw new RangeError(`"${text}" is not a list of CPUs`);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** Writes a CPU list the short way, as Linux does: [0, 1, 2, 5] → `0-2,5`. The numbers must ascend. */
export function formatCpuList(cpus: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const cpu of cpus) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === cpu - 1) last[1] = cpu;
    else ranges.push([cpu, cpu]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/**
 * Divides the usable CPUs into disjoint sets, one of `threadsPerInstance` CPUs for each instance. Neighbouring numbers
 * stay together, which keeps a set on one socket; whether two of them are hyperthreads of one core is not looked at.
 * `obstacle`: why nothing may be bound here, null where it may: inside a pool of CPUs that several pods share, each would
 * bind its engines to the same first ones.
 */
export function assignCpus(usable: readonly number[], layout: Layout, obstacle: string | null = null): CpuAssignment {
  const { instances, threadsPerInstance, pinned } = layout;
  if (!pinned) return { sets: null, reason: "the plan does not ask for pinning" };
  if (obstacle !== null) return { sets: null, reason: obstacle };
  const needed = instances * threadsPerInstance;
  if (needed > usable.length) {
    return {
      sets: null,
      reason: `${instances} x ${threadsPerInstance} threads need ${needed} CPUs, ${usable.length} are usable`,
    };
  }
  const sets = Array.from({ length: instances }, (_, instance) =>
    usable.slice(instance * threadsPerInstance, (instance + 1) * threadsPerInstance),
  );
  return { sets, reason: null };
}

/**
 * How pinning turned out. `Pinned`: each observed process has just its own CPUs. `Exclusive`: so it is, and the
 * server's CPU set is smaller than the host, as a container with CPUs of its own has it. `Shared`: processes may use
 * CPUs that others use too. `Unavailable`: they cannot be bound, or none could be asked.
 */
export function pinningState(evidence: PinningEvidence): PinningState {
  if (!evidence.layout.pinned) return "Off";
  const { sets } = evidence.assignment;
  if (sets === null) return "Shared";
  const known = evidence.observed.map((list, instance) => ({ list, wanted: formatCpuList(sets[instance] ?? []) }));
  const running = known.filter(({ list }) => list !== null);
  if (!evidence.bindable || running.length === 0) return "Unavailable";
  if (running.some(({ list, wanted }) => list !== wanted)) return "Shared";
  return evidence.usable.length < evidence.online.length ? "Exclusive" : "Pinned";
}
