/**
 * A process for tests that take processes apart: `leader-program.ts KUBECONFIG IDENTITY`. It campaigns for a lease of 3 s and,
 * while it leads, creates one ConfigMap after the other, named after itself. It says "leads" and "lost" on its output.
 */

import { httpTransport, kubeconfigConnection } from "../index.ts";
import { Manager } from "../manager/manager.ts";
import { requeueAfter } from "../manager/outcome.ts";
import { configMaps, silentLogger } from "./fixtures.ts";

const [file = "", identity = ""] = process.argv.slice(2);
const manager = new Manager({
  transport: httpTransport(await kubeconfigConnection({ file })),
  logger: { ...silentLogger, info: () => process.stdout.write("leads\n") },
  name: "example.dev/operator",
  identity,
  lease: { namespace: "default", name: "leaders" },
  leaseDurationMs: 3_000,
  healthPort: null,
});
let made = 0;
const controller = manager.controller({
  name: "writer",
  reconcile: async () => {
    const metadata = { namespace: "default", name: `by-${identity}-${made++}` };
    await manager.client.create(configMaps, { metadata });
    return requeueAfter(20);
  },
});
controller.enqueue("only");
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
try {
  await manager.run(stop.signal);
  process.exit(0);
} catch {
  process.stdout.write("lost\n", () => process.exit(3));
}
