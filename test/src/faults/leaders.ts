import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../e2e/eventually.ts";
import type { FaultRun } from "./fault-run.ts";
import { FaultyTransport } from "./faulty-transport.ts";

const program = join(import.meta.dirname, "..", "integration", "operator-program.ts");

/** Users of the API server that `stopLeader` needs, each for one process, so that the audit log tells them apart. */
export const leaderUsers = ["first", "second"].map((name) => ({ name, groups: ["system:masters"] }));

/** What came of a change of leaders. */
export interface Succession {
  /** From the end of the leader until its successor had mended what was changed then. */
  readonly seconds: number;
  /** Writes of the old leader after the first one of its successor. */
  readonly lateWrites: number;
}

/** One of two operators loses the network, and with it the lease, but goes on; later it has the network again. */
export async function cutOffLeader(run: FaultRun): Promise<Succession> {
  const { namespace, place, transport } = run;
  const lease = { namespace, name: "operator" };
  const leader = run.start({ identity: "first", lease });
  await eventually("the first one leads", async () => leader.writes.length > 0, { seconds: 30 });
  const successor = run.start({ identity: "second", lease }, new FaultyTransport(place.transport));
  await run.converged();
  transport.refuse = () => {
    throw new Error("connect ECONNREFUSED");
  };
  transport.cutWatches();
  await run.tamper();
  const seconds = await run.mended();
  const lastOfAll = leader.writes.length;
  transport.refuse = () => undefined;
  await delay(3000);
  const first = successor.writes[0]?.at ?? Number.POSITIVE_INFINITY;
  const late = leader.writes.filter(({ at }, index) => at > first || index >= lastOfAll);
  return { seconds, lateWrites: late.length };
}

/** One of two processes is stopped in the middle of its work, and continued when the other one leads. */
export async function stopLeader(run: FaultRun): Promise<Succession> {
  const { server } = run.place;
  const start = (identity: string): ChildProcess =>
    spawn(process.execPath, [program, server.kubeconfigOf(identity), identity, run.namespace], { stdio: "inherit" });
  const writesOf = (user: string) =>
    server
      .auditLog()
      .filter(({ user: by, verb, objectRef }) => {
        const isWrite = !["get", "list", "watch"].includes(verb) && objectRef?.resource !== "leases";
        return by.username === user && isWrite && objectRef?.namespace === run.namespace;
      })
      .map(({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp));
  const processes = [start("first")];
  try {
    await eventually("the first one leads", async () => writesOf("first").length > 0, { seconds: 40 });
    processes.push(start("second"));
    await run.converged();
    processes[0]?.kill("SIGSTOP");
    await run.tamper();
    const seconds = await run.mended();
    const ended = once(processes[0] as ChildProcess, "exit");
    processes[0]?.kill("SIGCONT");
    await Promise.race([ended, delay(20_000)]);
    await delay(1000);
    const successor = Math.min(...writesOf("second"));
    return { seconds, lateWrites: writesOf("first").filter((at) => at > successor).length };
  } finally {
    for (const child of processes) child.kill("SIGKILL");
  }
}
