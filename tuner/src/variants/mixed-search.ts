/** One mix that was made and judged: so many of the worst nodes stayed FP32. */
export interface Mix {
  readonly kept: number;
  readonly passed: boolean;
}

/** Fewer nodes in FP32 than this share of all are not worth another try. */
const resolution = 0.05;

/**
 * How many of the worst nodes to leave FP32 next, or null where the search is over: twice as many each time until a mix
 * passes, then half-way between the largest that failed and the smallest that passed. All of them is no variant.
 */
export function nextMix(nodes: number, tried: readonly Mix[]): number | null {
  const failed = Math.max(-1, ...tried.filter(({ passed }) => !passed).map(({ kept }) => kept));
  const passed = Math.min(nodes, ...tried.filter((mix) => mix.passed).map(({ kept }) => kept));
  if (passed === nodes) {
    const next = failed < 1 ? failed + 1 : 2 * failed;
    // The last try is between the largest that failed and all.
    const reachable = next < nodes ? next : Math.floor((failed + nodes) / 2);
    return reachable > failed && reachable < nodes ? reachable : null;
  }
  const middle = Math.floor((failed + passed) / 2);
  return passed - failed > Math.max(1, resolution * nodes) && middle > failed ? middle : null;
}
