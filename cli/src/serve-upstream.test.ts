import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { safePlan, startSidecar } from "@sweetspot/sidecar";
import { afterEach, describe, expect, it } from "vitest";
import { embeddingModel, writeOnnx } from "../../test/src/builders/onnx-model.ts";

const program = fileURLToPath(new URL("./main.ts", import.meta.url));
const nothing = () => undefined;
const silent = { info: nothing, warn: nothing, error: nothing };
const host = "127.0.0.1";
const target = { percentile: "P99", latencyMilliseconds: 1000 } as const;

let child: ChildProcess | undefined;
afterEach(() => child?.kill("SIGKILL"));

function front(port: number): Promise<{ httpPort: number; model: string; revision: string }> {
  const ports = ["--http-port", "0", "--grpc-port", "off", "--metrics-port", "0", "--json"];
  const words = ["serve", "--upstream", `http://${host}:${port}`, "--model", "encoder", ...ports];
  const started = spawn(process.execPath, [program, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  child = started;
  return new Promise((resolve) => started.stdout.once("data", (text) => resolve(JSON.parse(String(text)))));
}

describe("sweetspot serve --upstream", () => {
  it("waits for the other server, measures it and serves its model", async () => {
    const options = { host, httpPort: 0, metricsPort: 0, log: silent };
    const plan = await safePlan(await writeOnnx(embeddingModel()), "encoder", target, 1);
    // A free port first, so that the front can begin before there is anything behind it.
    const first = await startSidecar({ ...options, plan });
    const { httpPort } = first;
    await first.close();
    const ready = front(httpPort);
    const own = await startSidecar({ ...options, httpPort, plan });
    try {
      const { model, revision, ...ports } = await ready;
      expect([model, revision]).toEqual(["encoder", "upstream"]);
      const data = [1, 2, 3];
      const input = (name: string, values: number[]) => ({ name, datatype: "INT64", shape: [1, 3], data: values });
      const body = JSON.stringify({ inputs: [input("ids", data), input("mask", [1, 1, 1])] });
      const ask = async (port: number) => {
        const url = `http://${host}:${port}/v2/models/encoder/infer`;
        return (await fetch(url, { method: "POST", body })).json();
      };
      expect(await ask(ports.httpPort)).toEqual(await ask(httpPort));
    } finally {
      await own.close();
    }
  });
});
