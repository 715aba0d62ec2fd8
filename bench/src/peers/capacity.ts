import { badRequests } from "@sweetspot/crds";
import { startOwn, withSetting } from "../own-server.ts";
import { interleave } from "../rounds.ts";
import type { ServerUnderLoad } from "../server-under-load.ts";
import { type BenchPlan, startYardstick } from "./bench-plan.ts";
import { type Questions, startUnderLoad } from "./best-setting.ts";
import { type Peer, type PeerName, peers } from "./catalogue.ts";
import { climb, findRung } from "./ladder.ts";
import { type Bench, ownGrid, peerGrid, planOf } from "./saturation.ts";
import { simulatedBest } from "./simulated-optimum.ts";

const target = { percentile: "P99", latencyMilliseconds: 100 } as const;
const missesAllowed = 0.01;
const stageSeconds = 8;
const validRounds = 5;
const mostRounds = 7;
const peerWarmUpSeconds = 4;

/**
 * The highest Poisson rate on mixed lengths at which 99 % are answered within 100 ms: own server against a peer, or against
 * own without batching. In each round every server climbs a ladder of rates from where it stood in the round before.
 */
export async function measureCapacity(bench: Bench, known: BenchPlan, questions: Questions, peer: PeerName | "own") {
  console.error(`\nCapacity with p99 <= ${target.latencyMilliseconds} ms: own server and ${peer}`);
  const { plan } = known;
  const { lengths } = questions.workload;
  const ideal = simulatedBest(plan, lengths, target, true);
  const predicted = simulatedBest(plan, lengths, target, false);
  const other = peer === "own" ? null : await peerGrid(bench, peer, questions);
  const setting = await ownGrid(bench, "own", questions.workload, questions.mix);
  // The policy that the tuner would choose for this target, on the CPUs as they were best at saturation.
  const chosen = { ...withSetting(plan, setting), batching: predicted.policy };
  await using stack = new AsyncDisposableStack();
  const yardstick = await startYardstick(questions.modelFile, plan.layout.instances);
  stack.defer(() => yardstick.close());
  const own = stack.use(await startOwn("own", chosen, questions.mix, bench.directory));
  const against = stack.use(
    other === null
      ? await startOwn("single", withSetting(planOf(plan, "single"), setting), questions.mix, bench.directory)
      : await startUnderLoad(peer, peers[peer as PeerName] as Peer, other, questions),
  );
  await own.warmUp();
  await against.warmUp(other === null ? undefined : peerWarmUpSeconds);
  const contestants = [await climber(own, predicted.capacity), await climber(against, predicted.capacity)];
  const rounds = await interleave(() => yardstick.rowsPerSecond(2), contestants, validRounds, mostRounds);
  bench.results.capacity[peer] = {
    measuredAt: new Date().toISOString(),
    targetMilliseconds: target.latencyMilliseconds,
    simulated: ideal.capacity,
    predicted: predicted.capacity,
    policy: { ...predicted.policy },
    yardstickThen: known.yardstickRowsPerSecond,
    rounds,
  };
}

async function climber(server: ServerUnderLoad, guess: number) {
  const holdsIn = (round: number) => async (rate: number) => {
    const { counts, latencyMilliseconds } = await server.offer(rate, stageSeconds, round, target.latencyMilliseconds);
    const held = badRequests(counts) <= missesAllowed * counts.total;
    console.error(`    ${server.name} at ${rate.toFixed(0)}/s: p99 ${latencyMilliseconds.p99?.toFixed(0)} ms, ${held}`);
    return held;
  };
  let index = await findRung(0.8 * guess, holdsIn(0));
  const measure = async (round: number): Promise<number> => {
    const climbed = await climb(index, holdsIn(round + 1));
    index = climbed.index;
    return climbed.rate;
  };
  return { name: server.name, measure };
}
