import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensureBinaries } from "../binaries/binaries.ts";
import { ClusterError } from "../cluster-error.ts";
import { startTiedChild } from "../process/tied-child.ts";
import type { ApiServer } from "./api-server.ts";

/** A running kube-controller-manager. `await using` ends it; so does the end of this process, however it ends. */
export interface ControllerManager extends AsyncDisposable {
  /** Throws `ClusterError` with the end of its log when it has ended. */
  checkRunning(): void;
}

/**
 * kube-controller-manager beside an `ApiServer`, with these controllers and no others. It listens nowhere, and works as the
 * administrator. Its log is in the folder of the API server, which goes with it.
 */
export async function startControllerManager(
  server: ApiServer,
  controllers: readonly string[],
  more: readonly string[] = [],
): Promise<ControllerManager> {
  const binaries = await ensureBinaries(["kube-controller-manager"]);
  const flags = [
    `--kubeconfig=${server.kubeconfig}`,
    `--controllers=${controllers.join(",")}`,
    "--leader-elect=false",
    "--secure-port=0",
    ...more,
  ];
  const log = join(dirname(server.kubeconfig), "kube-controller-manager.log");
  const child = startTiedChild([binaries["kube-controller-manager"], ...flags], log);
  return {
    checkRunning: () => {
      if (child.isRunning()) return;
      const end = readFileSync(log, "utf8").split("\n").slice(-10).join("\n");
      throw new ClusterError(`kube-controller-manager ended:\n${end}`);
    },
    [Symbol.asyncDispose]: () => child.stop(0),
  };
}
