import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

/**
 * A thread for tests: answers each text in capitals, and obeys "exit" (it dies), "hang" (it never answers) and a number
 * (it waits for so many milliseconds). Each message is answered with its own size beside each text.
 */
const port = parentPort;
if (workerData.greeting === "exit") process.exit(1);
port?.postMessage(workerData.greeting);
port?.on("message", async (items: readonly string[]) => {
  for (const item of items) {
    if (item === "exit") process.exit(1);
    if (item === "hang") await new Promise(() => undefined);
    if (/^\d+$/.test(item)) await sleep(Number(item));
  }
  port.postMessage(items.map((item) => `${item.toUpperCase()}/${items.length}`));
});
