import { type ChildProcess, fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseDocument, ServiceLevelReport, type ServingPlan } from "@sweetspot/crds";
import { tensorNodeFlags } from "@sweetspot/sidecar";
import * as z from "zod";

const Ready = z.object({ httpPort: z.int().min(1).max(65_535), metricsPort: z.int().min(1).max(65_535) });
const program = fileURLToPath(new URL(`./sidecar-program${extname(import.meta.url)}`, import.meta.url));
const startMilliseconds = 60_000;

/** A candidate's server did not come up or died. */
export class SidecarError extends Error {
  override readonly name = "SidecarError";
}

/** The real server in a process of its own, so that the race measures what will serve. */
export class SidecarProcess {
  readonly inferUrl: string;
  readonly #reportUrl: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, plan: ServingPlan, ports: z.infer<typeof Ready>) {
    this.#child = child;
    this.inferUrl = `http://127.0.0.1:${ports.httpPort}/v2/models/${plan.modelName}/infer`;
    this.#reportUrl = `http://127.0.0.1:${ports.metricsPort}/v2/sweetspot/report`;
  }

  /**
   * Starts a server for a plan, which is written to `planFile`; resolves when it is warm. The process is started before this
   * returns, so that it loads its model also while the caller is busy. Throws `SidecarError`.
   */
  static async start(plan: ServingPlan, planFile: string): Promise<SidecarProcess> {
    writeFileSync(planFile, JSON.stringify(plan));
    const child = fork(program, [planFile], {
      execArgv: [...tensorNodeFlags],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    try {
      return new SidecarProcess(child, plan, await ready(child));
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  async report(): Promise<ServiceLevelReport> {
    const response = await fetch(this.#reportUrl);
    return parseDocument(ServiceLevelReport, await response.text(), "The report of a candidate's server");
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    this.#child.disconnect();
    const kill = setTimeout(() => this.#child.kill("SIGKILL"), 3000);
    await exited;
    clearTimeout(kill);
  }
}

async function ready(child: ChildProcess): Promise<z.infer<typeof Ready>> {
  let errors = "";
  child.stderr?.on("data", (text) => {
    errors = (errors + text).slice(-1024);
  });
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  child.once("message", resolve);
  child.once("error", reject);
  child.once("exit", () => reject(new SidecarError(`The server of a candidate did not start. ${errors.trim()}`)));
  const late = () => reject(new SidecarError("The server of a candidate did not become ready."));
  // One more turn of the event loop: where this process was busy for long, the message may be there already.
  const timer = setTimeout(() => setImmediate(late), startMilliseconds);
  try {
    return Ready.parse(await promise);
  } finally {
    clearTimeout(timer);
  }
}
