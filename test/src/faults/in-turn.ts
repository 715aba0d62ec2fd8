import { setTimeout as delay } from "node:timers/promises";
import type { OperatorPlace } from "../integration/operator-place.ts";
import type { ProcessOptions } from "../integration/operator-process.ts";
import { FaultRun } from "./fault-run.ts";

/** The n-th thing of its kind is where it goes wrong. */
export interface FaultInTurn {
  readonly name: string;
  /** An operator comes to its end with the fault at `n`, and another one after it where it dies of it. Gives whether it came so far. */
  readonly run: (run: FaultRun, n: number) => Promise<boolean>;
  /** How many there are on the way to the end of an operator that nothing happens to. */
  readonly count: (unharmed: Unharmed) => number;
}

/** What an operator did on its way to the end. */
export interface Unharmed {
  readonly actions: number;
  readonly writes: number;
  readonly events: number;
}

/** Long enough for what comes after the end: the last status, the last events. */
const afterwardsMilliseconds = 300;

/** Brings an operator to its end without any fault, and says how it came there. */
export async function countUnharmed(run: FaultRun): Promise<Unharmed> {
  let events = 0;
  run.transport.fateOf = () => {
    events++;
    return "pass";
  };
  const operator = run.start();
  await run.converged();
  const counts = { actions: operator.actions, writes: operator.writes.length, events };
  await operator.stop();
  return counts;
}

const dies = (name: keyof Unharmed & ("actions" | "writes"), what: string): FaultInTurn => ({
  name: what,
  count: (unharmed) => unharmed[name],
  run: async (run, n) => {
    const options: ProcessOptions = { [name]: n };
    const first = run.start(options);
    await Promise.race([first.ended.catch(() => undefined), run.converged()]);
    await first.stop().catch(() => undefined);
    run.start();
    await run.converged();
    return first.dead;
  },
});

const loses = (fate: "lose" | "break", what: string, options: ProcessOptions): FaultInTurn => ({
  name: what,
  count: ({ events }) => events,
  run: async (run, n) => {
    let seen = 0;
    run.transport.fateOf = () => (++seen === n ? fate : "pass");
    run.start(options);
    await run.converged();
    return seen >= n;
  },
});

export const deathsInTurn = {
  actions: dies("actions", "the operator dies after an action"),
  writes: dies("writes", "the operator dies after a write, before it hears of it"),
} as const;

/** An event that is lost without a trace is found missing by the next list of everything: in production after 10 min. */
const relistMs = 2000;

export const faultsInTurn: readonly FaultInTurn[] = [
  deathsInTurn.actions,
  deathsInTurn.writes,
  loses("break", "an event is lost with its connection", {}),
  loses("lose", "an event is lost without a trace", { relistMs }),
];

/** Runs `fault` at each of `turns`, so many at the same time; gives what each made of it. */
export async function runInTurn<T>(
  place: OperatorPlace,
  { fault, turns, atOnce, prefix }: { fault: FaultInTurn; turns: readonly number[]; atOnce: number; prefix: string },
  judge: (run: FaultRun, n: number, came: boolean) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  for (let from = 0; from < turns.length; from += atOnce) {
    const batch = turns.slice(from, from + atOnce).map(async (n) => {
      const run = await FaultRun.begin(place, `${prefix}-${n}`);
      const came = await fault.run(run, n);
      await delay(afterwardsMilliseconds);
      const judged = await judge(run, n, came);
      await run.end();
      return judged;
    });
    results.push(...(await Promise.all(batch)));
  }
  return results;
}
