import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { ServiceLevelReport } from "@sweetspot/crds";
import { safePlan } from "@sweetspot/sidecar";
import { afterEach, describe, expect, it } from "vitest";
import { KubeletDirectory } from "../../test/src/builders/kubelet-directory.ts";
import { embeddingModel, writeOnnx } from "../../test/src/builders/onnx-model.ts";

const program = fileURLToPath(new URL("./main.ts", import.meta.url));
const model = await writeOnnx(embeddingModel());
const onOneCpu = ["taskset", "-c", "0"] as const;
const safe = await safePlan(model, "encoder", { percentile: "P99", latencyMilliseconds: 50 }, 1);

let child: ChildProcess | undefined;
let volume: KubeletDirectory | undefined;
afterEach(async () => {
  child?.kill("SIGKILL");
  await volume?.remove();
});

interface Ready {
  readonly host: string;
  readonly httpPort: number;
  readonly metricsPort: number;
}

/** The command of a pod, on one CPU as its manifest says. */
async function startPod(directory: string, ...more: string[]) {
  const words = ["serve", "--model", model, "--name", "encoder", "--p99", "50ms", "--plan-directory", directory];
  const ports = ["--http-port", "0", "--grpc-port", "off", "--metrics-port", "0", "--json", ...more];
  const [command, ...argv] = [...onOneCpu, process.execPath, program, ...words, ...ports];
  const pod = spawn(command, argv, {
    env: { ...process.env, SWEETSPOT_CPU_REQUEST: "1000", SWEETSPOT_CPU_LIMIT: "1000" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  child = pod;
  const exited = new Promise<number | null>((resolve) => pod.once("close", resolve));
  const line = await new Promise<string>((resolve) => pod.stdout.once("data", (text) => resolve(String(text))));
  const ready = JSON.parse(line) as Ready;
  const report = async () => {
    const response = await fetch(`http://127.0.0.1:${ready.metricsPort}/v2/sweetspot/report`);
    return ServiceLevelReport.parse(await response.json());
  };
  return { pod, exited, ready, report };
}

describe("sweetspot serve in a pod", () => {
  it("follows its plan directory, says where it runs, and accepts requests while it is taken out of service", async () => {
    volume = await KubeletDirectory.create({ selected: "" });
    const { pod, exited, ready, report } = await startPod(volume.path, "--drain-delay", "1s");
    expect(ready.host).toBe("0.0.0.0");
    expect(await report()).toMatchObject({ planRevision: "safe", planSource: "Given" });
    await volume.swap({ selected: JSON.stringify({ ...safe, revision: "r1" }) });
    await expect.poll(async () => (await report()).planRevision, { timeout: 20_000 }).toBe("r1");
    const { pinning, cpuPlacement } = await report();
    expect(cpuPlacement).toMatchObject({ cpuset: "0", requestMillicores: 1000 });
    expect(pinning).toBe(availableParallelism() > 1 ? "Exclusive" : "Shared");
    pod.kill("SIGTERM");
    const ask = async (path: string) => (await fetch(`http://127.0.0.1:${ready.httpPort}${path}`)).status;
    await expect.poll(() => ask("/v2/health/ready"), { timeout: 5000, interval: 10 }).toBe(503);
    expect(await ask("/v2/models/encoder")).toBe(200);
    expect(await exited).toBe(0);
  }, 60_000);
});
