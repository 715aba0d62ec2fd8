/** An engine that serves: the CPUs that it is bound to (null: any), and whether it has a batch. */
export interface EngineUse {
  readonly cpus: readonly number[] | null;
  readonly busy: boolean;
}

/** A process of a plan that is being loaded: `working` while it starts, loads or runs something. */
export interface LoadingProcess {
  readonly cpus: readonly number[] | null;
  readonly working: boolean;
}

/** What the loading processes are owed because they were stopped; times in microseconds. */
export interface PaceDebt {
  readonly at: number;
  readonly microseconds: number;
  /** It is being paid: somebody runs although no engine is idle. */
  readonly paying: boolean;
}

export interface PaceDecision {
  /** Who may run, in the order of the processes. */
  readonly run: readonly boolean[];
  readonly debt: PaceDebt;
  /** When to decide again if nothing happens before. */
  readonly wakeAt: number;
}

/** However busy the server is, loading gets so much of one CPU, so that it always ends. */
export const leastShare = 0.15;
/** Short against a target of tens of milliseconds, long against the switch from one process to another. */
const sliceMicroseconds = 8000;

export const noDebt = (now: number): PaceDebt => ({ at: now, microseconds: 0, paying: false });

/**
 * Which of the processes that load may run beside engines that serve: one for each engine that is idle, on a CPU that
 * this engine leaves. Where no engine is idle the first one runs for a slice now and then, so that all together get
 * `leastShare` of the time. Whoever has nothing to do need not be stopped. Pure.
 *
 * `pools`: the engines of each plan that may be given requests now. They share the CPUs, so the busiest pool counts.
 */
export function paceLoading(
  processes: readonly LoadingProcess[],
  pools: readonly (readonly EngineUse[])[],
  before: PaceDebt,
  ran: boolean,
  now: number,
): PaceDecision {
  const owed = before.microseconds + (now - before.at) * (ran ? leastShare - 1 : leastShare);
  const granted = besideIdle(processes, idleOf(pools));
  const waiting = processes.findIndex(({ working }) => working);
  const debt = { at: now, microseconds: waiting < 0 ? 0 : Math.max(0, owed), paying: false };
  if (waiting < 0 || granted.some((grant, i) => grant && processes[i]?.working)) {
    return { run: granted, debt, wakeAt: Number.POSITIVE_INFINITY };
  }
  const paying = debt.microseconds >= (before.paying ? 1 : sliceMicroseconds);
  const left = paying ? debt.microseconds / (1 - leastShare) : (sliceMicroseconds - debt.microseconds) / leastShare;
  const run = granted.map((grant, i) => grant || (paying && i === waiting));
  return { run, debt: { ...debt, paying }, wakeAt: now + Math.max(1, left) };
}

/** The idle engines of the pool that has the fewest. */
function idleOf(pools: readonly (readonly EngineUse[])[]): EngineUse[] {
  const idle = pools.map((engines) => engines.filter(({ busy }) => !busy));
  return idle.reduce((fewest, each) => (each.length < fewest.length ? each : fewest));
}

/** Each idle engine makes room for one process that shares a CPU with it. */
function besideIdle(processes: readonly LoadingProcess[], idle: EngineUse[]): boolean[] {
  const free = [...idle];
  return processes.map(({ cpus, working }) => {
    if (!working) return true;
    const at = free.findIndex((engine) => mayShare(cpus, engine.cpus));
    if (at >= 0) free.splice(at, 1);
    return at >= 0;
  });
}

const mayShare = (a: readonly number[] | null, b: readonly number[] | null): boolean =>
  a === null || b === null || a.some((cpu) => b.includes(cpu));
