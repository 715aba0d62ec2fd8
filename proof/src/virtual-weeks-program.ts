import { parentPort, workerData } from "node:worker_threads";
import { doTask, type VirtualTask } from "./virtual-weeks.ts";

/** A thread that does one task of the proof on virtual weeks. */
parentPort?.postMessage(doTask(workerData as VirtualTask));
