import type { Finding, Layout } from "@sweetspot/crds";
import type { Predicted } from "@sweetspot/planner";
import type { RunningLoad } from "../instruments.ts";
import type { Calibration } from "../measure/calibration.ts";
import { chooseEntrants } from "../search/entrants.ts";
import { isDefaultLayout, shareTable } from "../search/layouts.ts";
import { nameOf, type SearchPoint } from "../search/points.ts";
import type { TuningState } from "../tuning-state.ts";
import { type Calibrated, calibrate, calibrationSeconds, enterCalibration } from "./calibrate.ts";
import { type Entrant, startEntrant } from "./entrant.ts";
import { leftOut } from "./left-out.ts";
import { incumbentName, type Search } from "./predict.ts";
import { planRace, type RacePlan, type RaceTimes } from "./race-plan.ts";
import { leastClimbSeconds, raceEnds } from "./run-race.ts";

/** What the steps below share. */
interface Grid {
  readonly state: TuningState;
  readonly load: RunningLoad;
  readonly directory: string;
  readonly resources: AsyncDisposableStack;
}

/** A server that is on its way, and since when. */
interface Starting {
  readonly entrant: Promise<Entrant>;
  readonly since: number;
}

/** Starts the server of the naive default. */
export function startNaive(grid: Omit<Grid, "load">, incumbent: Search["incumbent"]): Starting {
  const { state } = grid;
  const entrant = start(grid, incumbentName, incumbent);
  // Whoever waits for it hears of its failure; until then nobody does.
  entrant.catch(() => undefined);
  return { entrant, since: state.budget.elapsed() };
}

/**
 * Brings the naive default and the best two points to the start, each with a warm server. On the way the real server
 * tells what it adds to the engines' time, and whether pinning helps: engines with CPUs of their own keep their caches,
 * but where the server shares those CPUs they also stand in its way, so both are tried and the better one is taken. What there is
 * no time for is left out, and said so.
 */
export async function enterRace(grid: Grid, search: Search, naiveStart: Starting): Promise<Entrant[]> {
  const { state } = grid;
  const [best, second] = chooseEntrants(search.ranked);
  const measured = [...state.tables];
  const searched = state.budget.elapsed();
  const naiveEntrant = await naiveStart.entrant;
  const up = state.budget.elapsed();
  // While the search kept this process busy, nobody saw the server come up: it took something between half of all that and all.
  const plan = planRace(raceTimes(state, Math.max(up - searched, (up - naiveStart.since) / 2)));
  const servers = best && (await startBest(grid, best, plan));
  const naive = await warm(grid, naiveEntrant);
  enterCalibration(state, measured, isDefaultLayout, naive);
  if (servers === undefined) return [naive.entrant];
  const winner = await decidePinning(grid, servers);
  const { pinned } = winner.entrant.point.layout;
  const tuned = (layout: Layout) => !isDefaultLayout(layout);
  enterCalibration(state, measured, tuned, winner);
  if (second === undefined) return [naive.entrant, winner.entrant];
  if (!plan.rival) {
    leftOut(state, `to race the plan that the simulator likes second, ${nameOf(second.point)}`);
    return [naive.entrant, winner.entrant];
  }
  const rival = await warm(grid, await start(grid, nameOf(second.point), withPinning(second, pinned)));
  const rivalLayout = rival.entrant.point.layout;
  if (!shareTable(rivalLayout, winner.entrant.point.layout)) {
    const own = (layout: Layout) => shareTable(layout, rivalLayout);
    enterCalibration(state, measured, own, rival);
  }
  return [naive.entrant, winner.entrant, rival.entrant];
}

/** `start`: what the first server took, seconds. */
function raceTimes({ budget, request }: TuningState, start: number): RaceTimes {
  const calibrate = calibrationSeconds(request.budgetSeconds);
  return { left: budget.until(raceEnds), start, calibrate, climb: leastClimbSeconds(request) };
}

const start = ({ state, directory, resources }: Omit<Grid, "load">, name: string, predicted: Predicted<SearchPoint>) =>
  startEntrant(state, name, predicted, directory, resources);

async function warm({ state, load }: Grid, entrant: Entrant): Promise<Calibrated> {
  const pinning = entrant.point.layout.pinned ? "pinned" : "unpinned";
  state.say("Race", `Warming and calibrating ${entrant.name}, ${pinning}`);
  return calibrate(state, entrant, load);
}

const withPinning = ({ point, prediction }: Predicted<SearchPoint>, pinned: boolean): Predicted<SearchPoint> => ({
  point: { ...point, layout: { ...point.layout, pinned } },
  prediction,
});

/** The servers of the best plan: bound to CPUs and unbound, or, where nobody compares them, unbound as the naive default is. */
async function startBest(grid: Grid, best: Predicted<SearchPoint>, plan: RacePlan): Promise<Entrant[]> {
  const { state } = grid;
  const every = state.pinnings;
  const tried = plan.pinningTrial || every.length === 1 ? every : [false];
  if (tried.length < every.length) leftOut(state, "to try engines that are bound to CPUs, so the plan binds none");
  return Promise.all(tried.map((pinned) => start(grid, nameOf(best.point), withPinning(best, pinned))));
}

/** Takes the way of pinning that answers more, where there are two. */
async function decidePinning(grid: Grid, servers: readonly Entrant[]): Promise<Calibrated> {
  const [first, second] = servers;
  const pinned = await warm(grid, first as Entrant);
  if (second === undefined) return pinned;
  const unpinned = await warm(grid, second);
  grid.state.findings.push(pinningFinding(pinned.calibration, unpinned.calibration));
  grid.state.pinningTrial = {
    pinnedRequestsPerSecond: pinned.calibration.requestsPerSecond,
    unpinnedRequestsPerSecond: unpinned.calibration.requestsPerSecond,
  };
  const pays = pinned.calibration.requestsPerSecond >= unpinned.calibration.requestsPerSecond;
  const [kept, dropped] = pays ? [pinned, unpinned] : [unpinned, pinned];
  await dropped.entrant.server.close();
  return kept;
}

function pinningFinding(pinned: Calibration, unpinned: Calibration): Finding {
  const pays = pinned.requestsPerSecond >= unpinned.requestsPerSecond;
  const [yes, no] = [pinned, unpinned].map(({ requestsPerSecond }) => requestsPerSecond.toFixed(0));
  return {
    topic: "Threads",
    outcome: pays ? "Gained" : "Lost",
    message: `Pinning engines to CPUs ${pays ? "pays" : "does not pay"} here: ${yes} against ${no} requests/s unpinned, at saturation.`,
  };
}
