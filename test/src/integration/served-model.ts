import { createServer } from "node:net";
import { ServiceLevelReport } from "@sweetspot/crds";
import type { CliProcess, Workplace } from "./cli-process.ts";

/** Ports of the system's choice. */
export const anyPorts = ["--http-port", "0", "--grpc-port", "0", "--metrics-port", "0"];

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Ready {
  readonly model: string;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly metricsPort: number;
}

/** A `sweetspot serve` that said it is ready. */
export class ServedModel {
  readonly command: CliProcess;
  readonly model: string;
  readonly url: string;
  readonly metricsUrl: string;
  /** HOST:PORT of gRPC. */
  readonly grpcAddress: string;

  private constructor(command: CliProcess, ready: Ready) {
    this.command = command;
    this.model = ready.model;
    this.url = `http://127.0.0.1:${ready.httpPort}`;
    this.grpcAddress = `127.0.0.1:${ready.grpcPort}`;
    this.metricsUrl = `http://127.0.0.1:${ready.metricsPort}`;
  }

  static async start(workplace: Workplace, ...words: string[]): Promise<ServedModel> {
    const command = workplace.start(["serve", ...words, ...anyPorts, "--json"]);
    await command.shows("out", /\n/);
    return new ServedModel(command, JSON.parse(command.out));
  }

  /** Sends one request and gives the status with the body. Rejects when there is no answer. */
  async infer(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(`${this.url}/v2/models/${this.model}/infer`, { method: "POST", body, headers });
    return { status: response.status, text: await response.text() };
  }

  async report(): Promise<ServiceLevelReport> {
    return ServiceLevelReport.parse(await (await fetch(`${this.metricsUrl}/v2/sweetspot/report`)).json());
  }

  /** The value of a metric without labels. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.metricsUrl}/metrics`)).text();
    return Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}
