/** What there is time for between the search and the confirming run, in seconds. */
export interface RaceTimes {
  /** Until the race must be over. */
  readonly left: number;
  /** To start a server; two start at once in not much more. */
  readonly start: number;
  /** To warm and calibrate a server. */
  readonly calibrate: number;
  /** For the rounds of one candidate that a verdict needs. */
  readonly climb: number;
}

/** What is done beside racing the best plan against the naive default, which is done whatever the time. */
export interface RacePlan {
  /** Try the best plan with its engines bound to CPUs and without. */
  readonly pinningTrial: boolean;
  /** Race the second best plan too. */
  readonly rival: boolean;
}

/** The largest race that fits into the time: the trial of pinning before the rival, which the simulator thinks is slower. */
export function planRace({ left, start, calibrate, climb }: RaceTimes): RacePlan {
  const least = calibrate + start + calibrate + 2 * climb;
  const trial = calibrate;
  const rival = start + calibrate + climb;
  return { pinningTrial: least + trial <= left, rival: least + trial + rival <= left };
}
