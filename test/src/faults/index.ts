export { OperatorPlace } from "../integration/operator-place.ts";
export { FaultRun } from "./fault-run.ts";
export { countUnharmed, faultsInTurn, runInTurn } from "./in-turn.ts";
export { repeatedJobs } from "./job-count.ts";
export { cutOffLeader, leaderUsers, stopLeader } from "./leaders.ts";
export { halfOpenWatch, networkFaults, recreations } from "./scenarios.ts";
