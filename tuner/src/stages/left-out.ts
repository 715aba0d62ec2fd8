import type { TuningState } from "../tuning-state.ts";

/** Says in the report what there was no time for. `what`: "to race ...". */
export function leftOut({ findings }: Pick<TuningState, "findings">, what: string): void {
  const message = `There was no time ${what}: a larger budget has.`.slice(0, 1024);
  findings.push({ topic: "Budget", outcome: "Warning", message });
}
