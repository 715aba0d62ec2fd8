import type { Finding, Layout } from "@sweetspot/crds";
import type { Predicted } from "@sweetspot/planner";
import type { RunningLoad } from "../instruments.ts";
import type { Calibration } from "../measure/calibration.ts";
import { chooseEntrants } from "../search/entrants.ts";
import { isDefaultLayout, shareTable } from "../search/layouts.ts";
import { nameOf, type SearchPoint } from "../search/points.ts";
import type { TuningState } from "../tuning-state.ts";
import { type Calibrated, calibrate, enterCalibration } from "./calibrate.ts";
import { type Entrant, startEntrant } from "./entrant.ts";
import { incumbentName, type Search } from "./predict.ts";

/** What the steps below share. */
interface Grid {
  readonly state: TuningState;
  readonly load: RunningLoad;
  readonly directory: string;
  readonly resources: AsyncDisposableStack;
}

/**
 * Brings the naive default and the best two points to the start, each with a warm server. On the way the real server
 * tells what it adds to the engines' time, and whether pinning helps: engines with CPUs of their own keep their caches,
 * but where the server shares those CPUs they also stand in its way, so both are tried and the better one is taken.
 */
export async function enterRace(grid: Grid, search: Search): Promise<Entrant[]> {
  const { state } = grid;
  const [best, second] = chooseEntrants(search.ranked);
  const measured = [...state.tables];
  const naive = await warm(grid, await start(grid, incumbentName, search.incumbent));
  enterCalibration(state, measured, isDefaultLayout, naive);
  if (best === undefined) return [naive.entrant];
  const winner = await decidePinning(grid, best);
  const { pinned } = winner.entrant.point.layout;
  const tuned = (layout: Layout) => !isDefaultLayout(layout);
  enterCalibration(state, measured, tuned, winner);
  if (second === undefined) return [naive.entrant, winner.entrant];
  const rival = await warm(grid, await start(grid, nameOf(second.point), withPinning(second, pinned)));
  const rivalLayout = rival.entrant.point.layout;
  if (!shareTable(rivalLayout, winner.entrant.point.layout)) {
    const own = (layout: Layout) => shareTable(layout, rivalLayout);
    enterCalibration(state, measured, own, rival);
  }
  return [naive.entrant, winner.entrant, rival.entrant];
}

const start = ({ state, directory, resources }: Grid, name: string, predicted: Predicted<SearchPoint>) =>
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

async function decidePinning(grid: Grid, best: Predicted<SearchPoint>): Promise<Calibrated> {
  const name = nameOf(best.point);
  const [only] = grid.state.pinnings;
  if (grid.state.pinnings.length === 1) return warm(grid, await start(grid, name, withPinning(best, only === true)));
  const servers = await Promise.all([true, false].map((pinned) => start(grid, name, withPinning(best, pinned))));
  const [pinned, unpinned] = [await warm(grid, servers[0] as Entrant), await warm(grid, servers[1] as Entrant)];
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
