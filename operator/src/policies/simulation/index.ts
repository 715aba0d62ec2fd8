export {
  type FoundSlowdown,
  type QuietWeek,
  servicesAtTheEdge,
  simulateQuietDays,
  simulateSlowdown,
} from "./scenarios.ts";
export { nearCapacity, type SteadyMisses, steadyMisses, type WatchedTraffic } from "./ten-minutes.ts";
export { simulateTrials, type TrialResult } from "./trials.ts";
export { simulateTroubledWeeks } from "./troubles.ts";
