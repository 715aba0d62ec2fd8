import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "@sweetspot/planner";
import { ServedModel, stallingModel, Workplace, writeOnnx } from "@sweetspot/test";
import { GrpcStaller } from "./data-plane/grpc-staller.ts";
import { shareOf } from "./data-plane/share.ts";
import type { Progress, ProofOutcome } from "./proof.ts";

const rounds = 100;
/** Servers at a time; most of a round is starting one. */
const workers = 2;
const lanes = 6;
/** How long the server accepts after the signal, how long clients go on meanwhile, and when the last burst comes. */
const drainDelay = { text: "1500ms", lanesUntil: 500, burstAt: 700 } as const;
const burst = { http: 32, grpc: 16 } as const;
/** Side of the matrices that a request multiplies: next to nothing, and some ten milliseconds. */
const [quick, slow] = [1, 700];

interface Round {
  readonly sent: number;
  readonly lost: readonly string[];
  readonly exit: number | null;
}

/**
 * Servers under HTTP and gRPC load get SIGTERM. Clients go on for a moment, as they do until a load balancer knows; then a burst of
 * slow requests comes that is still waiting when the server stops listening. Every request must be answered.
 */
export async function proveDraining(progress: Progress): Promise<ProofOutcome> {
  const file = await writeOnnx(stallingModel());
  const results: Round[] = [];
  const random = seededRandom(11);
  let next = 0;
  const worker = async () => {
    while (next < shareOf(rounds)) {
      next += 1;
      results.push(await oneRound(file, 100 + 300 * random()));
      const lost = results.flatMap((round) => round.lost);
      if (results.length % 5 === 0)
        progress(`${results.length} of ${rounds}: ${lost.length} lost ${lost.slice(0, 3).join("; ")}`);
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
  const lost = results.flatMap((round) => round.lost);
  return {
    measures: [
      { name: "SIGTERMs under load", figure: results.length, atLeast: rounds },
      { name: "accepted requests lost", figure: lost.length, atMost: 0 },
      { name: "servers that did not end with 0", figure: results.filter(({ exit }) => exit !== 0).length, atMost: 0 },
      {
        name: "requests sent",
        figure: results.reduce((sum, { sent }) => sum + sent, 0),
        atLeast: rounds * (burst.http + burst.grpc),
      },
    ],
    raw: { results },
  };
}

async function oneRound(file: string, loadMilliseconds: number): Promise<Round> {
  const workplace = await Workplace.open();
  const words = ["--model", file, "--name", "staller", "--p99", "20s", "--drain-delay", drainDelay.text];
  const server = await ServedModel.start(workplace, ...words);
  const grpc = new GrpcStaller(server.grpcAddress);
  const lost: string[] = [];
  let sent = 0;
  const judge = async (protocol: string, request: Promise<number>) => {
    sent += 1;
    const status = await request.catch((error: Error) => `${error.message} ${String(error.cause ?? "")}`);
    if (status !== 200) lost.push(`${protocol}: ${status}`);
  };
  const overHttp = (work: number) =>
    judge(
      "HTTP",
      server.infer(httpBody(work)).then(({ status }) => status),
    );
  const overGrpc = (work: number) =>
    judge(
      "gRPC",
      grpc.infer("staller", work).then(() => 200),
    );
  try {
    let on = true;
    const lane = async (send: (work: number) => Promise<void>) => {
      while (on) await send(quick);
    };
    const going = Array.from({ length: lanes }, () => [lane(overHttp), lane(overGrpc)]).flat();
    await sleep(loadMilliseconds);
    server.command.signal("SIGTERM");
    await sleep(drainDelay.lanesUntil);
    on = false;
    await sleep(drainDelay.burstAt - drainDelay.lanesUntil);
    const last = [
      ...Array.from({ length: burst.http }, () => overHttp(slow)),
      ...Array.from({ length: burst.grpc }, () => overGrpc(slow)),
    ];
    await Promise.all([...going, ...last]);
    return { sent, lost, exit: await server.command.exited };
  } finally {
    grpc.close();
    await workplace.close();
  }
}

const httpBody = (work: number): string =>
  JSON.stringify({ inputs: [{ name: "work", datatype: "INT64", shape: [1, 1], data: [work] }] });
