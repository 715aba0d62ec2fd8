import { join } from "node:path";
import type { Predicted } from "@sweetspot/planner";
import type { RunningServer } from "../instruments.ts";
import type { SearchPoint } from "../search/points.ts";
import type { LoadableVariant, TuningState } from "../tuning-state.ts";
import { planFor } from "./plan-for.ts";

/** A point of the search that races, with its running server. */
export interface Entrant extends Predicted<SearchPoint> {
  readonly name: string;
  readonly server: RunningServer;
}

/** Starts the server of a point; whoever ends `resources` ends it too. */
export async function startEntrant(
  state: TuningState,
  name: string,
  predicted: Predicted<SearchPoint>,
  directory: string,
  resources: AsyncDisposableStack,
): Promise<Entrant> {
  const { layout, policy, table, variant } = predicted.point;
  const loadable = state.eligible.find((one) => one.variant === variant) as LoadableVariant;
  const plan = planFor(state, { revision: name, variant: loadable, layout, policy, table });
  const file = join(directory, `${name}-${layout.pinned ? "pinned" : "shared"}.json`);
  const starting = state.instruments.startServer(plan, file);
  // Before it is up: it must not outlive the resources where they end meanwhile.
  resources.defer(async () => (await starting.catch(() => null))?.close());
  const server = await starting;
  return { ...predicted, name, server };
}
