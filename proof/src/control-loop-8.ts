import {
  countUnharmed,
  cutOffLeader,
  FaultRun,
  faultsInTurn,
  halfOpenWatch,
  leaderUsers,
  networkFaults,
  OperatorPlace,
  recreations,
  repeatedJobs,
  runInTurn,
  stopLeader,
} from "@sweetspot/test/faults";
import { shareOf } from "./data-plane/share.ts";
import type { Progress, ProofOutcome } from "./proof.ts";

/** Each waits most of its time. */
const atOnce = 6;

type EndState = Awaited<ReturnType<FaultRun["endState"]>>;

/** What came of one fault. */
interface Outcome {
  readonly fault: string;
  readonly differences: readonly string[];
  readonly resyncSeconds: number | null;
  readonly lateWrites: number;
}

/**
 * Real operators on a real API server, from an applied InferenceDeployment to the plan that was measured in its pod, with every fault on
 * the way: they must come to the end that one without a fault comes to.
 */
export async function proveFaults(progress: Progress): Promise<ProofOutcome> {
  await using place = await OperatorPlace.start({ audit: true, users: leaderUsers });
  const unharmed = await FaultRun.begin(place, "unharmed");
  const counts = await countUnharmed(unharmed);
  const expected = await unharmed.endState();
  await unharmed.end();
  progress(`without a fault: ${counts.actions} actions, ${counts.writes} writes, ${counts.events} events`);
  const outcomes = [
    ...(await alone(place, expected, progress)),
    ...(await successions(place, expected, progress)),
    ...(await inTurn(place, expected, counts, progress)),
  ];
  const repeated = repeatedJobs(place);
  const other = outcomes.filter(({ differences }) => differences.length > 0);
  const resyncs = outcomes.flatMap(({ resyncSeconds }) => resyncSeconds ?? []);
  return {
    measures: [
      { name: `of ${outcomes.length} faults those with another end`, figure: other.length, atMost: 0 },
      { name: "Jobs beyond one per question and attempt", figure: repeated.length, atMost: 0 },
      { name: "longest resync after a gap", figure: Math.max(...resyncs), atMost: 5, unit: "s" },
      {
        name: "writes of a leader after its successor's first",
        figure: outcomes.reduce((sum, { lateWrites }) => sum + lateWrites, 0),
        atMost: 0,
      },
    ],
    raw: { counts, outcomes, repeated },
  };
}

/** Faults that come once, all of them at the same time. */
async function alone(place: OperatorPlace, expected: EndState, progress: Progress): Promise<Outcome[]> {
  const scenarios = [...networkFaults, halfOpenWatch, ...recreations];
  return await Promise.all(
    scenarios.map(async ({ name, run: play }, index) => {
      const run = await FaultRun.begin(place, `alone-${index}`);
      const found = await judged(run, expected, name, async () => ({ resyncSeconds: await play(run), lateWrites: 0 }));
      await run.end();
      progress(inWords(found));
      return found;
    }),
  );
}

/** A leader that is cut off, and one that is stopped: how long that takes is the lease's. */
async function successions(place: OperatorPlace, expected: EndState, progress: Progress): Promise<Outcome[]> {
  const changes = { "the leader is cut off": cutOffLeader, "the leader is stopped with SIGSTOP": stopLeader };
  return await Promise.all(
    Object.entries(changes).map(async ([name, play], index) => {
      const run = await FaultRun.begin(place, `leaders-${index}`);
      const found = await judged(run, expected, name, async () => {
        const { seconds, lateWrites } = await play(run);
        progress(`${name}: the successor had mended what was changed after ${seconds.toFixed(1)} s`);
        return { resyncSeconds: null, lateWrites };
      });
      await run.end();
      progress(inWords(found));
      return found;
    }),
  );
}

async function inTurn(
  place: OperatorPlace,
  expected: EndState,
  counts: Awaited<ReturnType<typeof countUnharmed>>,
  progress: Progress,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [index, fault] of faultsInTurn.entries()) {
    const all = fault.count(counts);
    const turns = spread(all, shareOf(all));
    const found = await runInTurn(place, { fault, turns, atOnce, prefix: `turn-${index}` }, async (run, n) => ({
      fault: `${fault.name}, the ${n}. of ${all}`,
      differences: await run.differencesTo(expected),
      resyncSeconds: null,
      lateWrites: 0,
    }));
    for (const one of found.filter(({ differences }) => differences.length > 0)) progress(inWords(one));
    progress(`${fault.name}: ${turns.length} of ${all} tried`);
    outcomes.push(...found);
  }
  return outcomes;
}

/** So many of 1 to `all`, as far apart as can be. */
const spread = (all: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => 1 + Math.floor((index * all) / count));

async function judged(
  run: FaultRun,
  expected: EndState,
  fault: string,
  play: () => Promise<Pick<Outcome, "resyncSeconds" | "lateWrites">>,
): Promise<Outcome> {
  try {
    const found = await play();
    return { fault, ...found, differences: await run.differencesTo(expected) };
  } catch (error) {
    return { fault, differences: [String(error)], resyncSeconds: null, lateWrites: 0 };
  }
}

function inWords({ fault, differences, resyncSeconds }: Outcome): string {
  const end = differences.length === 0 ? "the same end" : `ANOTHER END: ${differences.slice(0, 3).join("; ")}`;
  return `${fault}: ${end}${resyncSeconds === null ? "" : `, mended ${resyncSeconds.toFixed(1)} s after the gap`}`;
}
