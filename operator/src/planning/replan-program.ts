import { parentPort, workerData } from "node:worker_threads";
import { findPlan } from "./find-plan.ts";
import type { ReplanAnswer, ReplanQuestion } from "./replan-question.ts";

/** The thread that looks for a plan: the lease is renewed meanwhile. */
const answer: ReplanAnswer = findPlan(workerData as ReplanQuestion, () => performance.now());
parentPort?.postMessage(answer);
