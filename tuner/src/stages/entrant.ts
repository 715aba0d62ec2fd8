import { join } from "node:path";
import type { Predicted } from "@sweetspot/planner";
import { SidecarProcess } from "../race/sidecar-process.ts";
import { chooseEntrants } from "../search/entrants.ts";
import { nameOf, type SearchPoint } from "../search/points.ts";
import type { LoadableVariant, TuningState } from "../tuning-state.ts";
import { planFor } from "./plan-for.ts";
import { incumbentName, type Search } from "./predict.ts";

/** A point of the search that races, with its running server. */
export interface Entrant extends Predicted<SearchPoint> {
  readonly name: string;
  readonly server: SidecarProcess;
}

/** Starts a server for the naive default and for each of the points worth racing; all are closed with `resources`. */
export async function startEntrants(
  state: TuningState,
  { incumbent, ranked }: Search,
  directory: string,
  resources: AsyncDisposableStack,
): Promise<Entrant[]> {
  const named = [
    { name: incumbentName, ...incumbent },
    ...chooseEntrants(ranked).map((entrant) => ({ name: nameOf(entrant.point), ...entrant })),
  ];
  const starts = named.map(async (entrant) => {
    const server = await startServer(state, entrant, directory);
    resources.defer(() => server.close());
    return { ...entrant, server };
  });
  // All of them settle before an error goes on, so that every server that did start is closed.
  const settled = await Promise.allSettled(starts);
  return settled.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

async function startServer(
  state: TuningState,
  { name, point }: Predicted<SearchPoint> & { readonly name: string },
  directory: string,
): Promise<SidecarProcess> {
  const variant = state.eligible.find((one) => one.variant === point.variant) as LoadableVariant;
  const { layout, policy, table } = point;
  const plan = planFor(state, { revision: name, variant, layout, policy, table });
  return SidecarProcess.start(plan, join(directory, `${name}.json`));
}
