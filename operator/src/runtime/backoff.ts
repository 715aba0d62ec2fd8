export interface BackoffOptions {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * The wait before try number `failures + 1`, in milliseconds: between one half and the whole of `base * 2^(failures - 1)`,
 * at most the cap. The jitter keeps what failed together from trying together.
 * @param failures how often it failed in a row, at least 1
 * @param random uniform in [0, 1)
 */
export function backoffMs(failures: number, options: BackoffOptions, random: () => number): number {
  const whole = Math.min(options.capMs, options.baseMs * 2 ** Math.min(failures - 1, 40));
  return whole * (0.5 + 0.5 * random());
}
