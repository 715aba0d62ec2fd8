import {
  type FoundSlowdown,
  type QuietWeek,
  servicesAtTheEdge,
  simulateQuietDays,
  simulateSlowdown,
} from "@sweetspot/operator/simulation";

/** `service`: index among the services at the edge. */
export type VirtualTask =
  | { readonly kind: "QuietWeek"; readonly service: number; readonly week: number }
  /** `sees`: whether pods compare their batches with the table. Without it only misses tell, and those of a night may be none. */
  | {
      readonly kind: "Slowdowns";
      readonly service: number;
      readonly sees: boolean;
      readonly factor: number;
      readonly trials: number;
    };

export type VirtualResult =
  | (QuietWeek & { readonly kind: "QuietWeek"; readonly service: string; readonly week: number })
  | {
      readonly kind: "Slowdowns";
      readonly service: string;
      readonly sees: boolean;
      readonly found: readonly FoundSlowdown[];
    };

/** Does one task; all of them take seconds to minutes, and none depends on another. */
export function doTask(task: VirtualTask): VirtualResult {
  const service = servicesAtTheEdge()[task.service];
  if (service === undefined) throw new RangeError("there is no such service");
  const { name } = service;
  if (task.kind === "QuietWeek") {
    const { kind, week } = task;
    return { kind, service: name, week, ...simulateQuietDays(service, 7, 5000 + 100 * task.service + week) };
  }
  const { kind, sees, factor, trials } = task;
  const found = Array.from({ length: trials }, (_, trial) =>
    simulateSlowdown(service, factor, 100_000 * (task.service + 1) + 2 * trial, sees),
  );
  return { kind, service: name, sees, found };
}
