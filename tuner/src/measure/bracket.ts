import { median } from "@sweetspot/planner";

/** Brackets further apart than this mean that the machine was disturbed in between. */
export const bracketTolerance = 0.15;

/** Measurements between two runs of a reference, and whether they can be trusted. */
export interface Bracketed<T> {
  readonly value: T;
  readonly contaminated: boolean;
}

/**
 * Runs `measure` between two timings of the same reference work. When these differ by more than 15 % the machine changed
 * speed meanwhile and the measurement is void: it is repeated, `retries` times at most, and then handed back as
 * contaminated. `reference` returns times of any unit.
 */
export async function bracketed<T>(
  reference: () => Promise<number[]>,
  measure: () => Promise<T>,
  retries: number,
): Promise<Bracketed<T>> {
  let before = median(await reference());
  for (let attempt = 0; ; attempt += 1) {
    const value = await measure();
    const after = median(await reference());
    const contaminated = Math.max(before, after) / Math.min(before, after) > 1 + bracketTolerance;
    if (!contaminated || attempt >= retries) return { value, contaminated };
    before = after;
  }
}
