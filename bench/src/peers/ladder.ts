/** Rates of a ladder are so far apart. */
const step = 1.04;

/** Does a server hold the target at a rate? Rates are requests per second. */
export type Holds = (requestsPerSecond: number) => Promise<boolean>;

const rung = (index: number): number => step ** index;
const rungNear = (rate: number): number => Math.round(Math.log(rate) / Math.log(step));

/** A first climb, in large steps that halve: the rung, within one, up to which a server holds. */
export async function findRung(guess: number, holds: Holds): Promise<number> {
  let index = rungNear(guess);
  let width = 8;
  let last: boolean | null = null;
  while (width >= 1 && (index > 0 || last !== false)) {
    const held = await holds(rung(index));
    if (last !== null && held !== last) width = Math.floor(width / 2);
    index = Math.max(0, index + (held ? width : -width));
    last = held;
  }
  return index;
}

/**
 * The highest rung that holds, and its rate, from a start nearby: up while it holds, or down until it does. The rate is 0
 * where not even one request per second holds.
 */
export async function climb(start: number, holds: Holds): Promise<{ readonly index: number; readonly rate: number }> {
  let index = start;
  if (await holds(rung(index))) {
    while (await holds(rung(index + 1))) index += 1;
    return { index, rate: rung(index) };
  }
  while (index > 0) {
    index -= 1;
    if (await holds(rung(index))) return { index, rate: rung(index) };
  }
  return { index, rate: 0 };
}
