import { parentPort, workerData } from "node:worker_threads";

/** Posts the square root of its task, and knows none of a negative one. */
const task = workerData as number;
if (task < 0) throw new RangeError(`${task} has no root`);
parentPort?.postMessage(Math.sqrt(task));
