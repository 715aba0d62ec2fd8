import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { minilmTensors } from "@sweetspot/test";
import { processesWithEnvironment } from "@sweetspot/test/cluster";
import type { RequestMix } from "@sweetspot/tuner";
import type { RunningServer } from "../server-under-load.ts";
import type { Peer, PeerSetting } from "./catalogue.ts";
import { isExpected, type Probe } from "./expected-answer.ts";
import { PeerUnavailableError, peerPython } from "./python-environment.ts";

const servers = fileURLToPath(new URL("./servers", import.meta.url));
const startMilliseconds = 90_000;
const pollMilliseconds = 200;
const graceMilliseconds = 4000;

/** The requests of a mix as a peer takes them. */
export const asTakenBy = (peer: Peer, { requests }: RequestMix): RequestMix => ({
  requests: peer.wrap === undefined ? requests : requests.map(peer.wrap),
});

/** Starts a peer and resolves once it has answered a request as the model does. Throws `PeerUnavailableError`. */
export async function startPeer(
  peer: Peer,
  setting: PeerSetting,
  modelFile: string,
  probe: Probe,
): Promise<RunningServer> {
  const python = await peerPython(peer.environment);
  // Short, because sockets lie in it.
  const folder = await mkdtemp(join(tmpdir(), "peer-"));
  const port = await freePort();
  const child = spawn(python, peer.arguments(port), {
    // A group of its own, so that its workers can be stopped with it.
    detached: true,
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...peer.variables?.(setting), ...variablesOf(modelFile, port, setting, folder) },
  });
  const words = lastWords(child);
  const inferUrl = `http://127.0.0.1:${port}${peer.path}`;
  const close = async () => {
    await end(child);
    // Some processes leave the group, as Ray's HAProxy does.
    for (const { pid } of processesWithEnvironment(`PEER_FOLDER=${folder}`)) process.kill(pid, "SIGKILL");
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await answers(inferUrl, probe, child);
  } catch (error) {
    await close();
    throw new PeerUnavailableError(`${peer.title}: ${(error as Error).message}. ${words()}`);
  }
  if (!peer.pausable) return { inferUrl, close };
  return { inferUrl, close, pause: () => signal(child, "SIGSTOP"), resume: () => signal(child, "SIGCONT") };
}

const variablesOf = (modelFile: string, port: number, setting: PeerSetting, folder: string) => ({
  PEER_MODEL: modelFile,
  PEER_OUTPUT: minilmTensors.embedding,
  PEER_PORT: String(port),
  PEER_SETTING: JSON.stringify(setting),
  PEER_FOLDER: folder,
  PYTHONPATH: [servers, process.env["PYTHONPATH"]].filter(Boolean).join(delimiter),
  PYTHONDONTWRITEBYTECODE: "1",
  OMP_NUM_THREADS: String(setting.threads),
  ORT_DISABLE_TELEMETRY: "1",
  BENTOML_HOME: folder,
  BENTOML_DO_NOT_TRACK: "True",
  RAY_TMPDIR: folder,
  RAY_USAGE_STATS_ENABLED: "0",
  RAY_SERVE_HAPROXY_CONFIG_FILE_LOC: join(folder, "haproxy.cfg"),
  RAY_SERVE_HAPROXY_SOCKET_PATH: join(folder, "haproxy.sock"),
  RAY_SERVE_HAPROXY_SERVER_STATE_BASE: folder,
  RAY_SERVE_HAPROXY_SERVER_STATE_FILE: join(folder, "haproxy-state"),
});

function lastWords(child: ChildProcess): () => string {
  let words = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (text) => {
      words = (words + text).slice(-2000);
    });
  }
  return () => words.trim().slice(-1000);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port was free");
  return address.port;
}

async function answers(url: string, probe: Probe, child: ChildProcess): Promise<void> {
  const { headers, body } = probe;
  const until = performance.now() + startMilliseconds;
  let last = "no connection";
  while (performance.now() < until) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error("it ended at once");
    try {
      const request = { method: "POST", headers, body: Buffer.from(body), signal: AbortSignal.timeout(10_000) };
      const response = await fetch(url, request);
      const answer = new Uint8Array(await response.arrayBuffer());
      if (response.ok && isExpected(response.headers, answer, probe)) return;
      last = `${response.status} ${Buffer.from(answer.subarray(0, 200)).toString("latin1")}`;
    } catch (error) {
      last = (error as Error).message;
    }
    await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
  }
  throw new Error(`it did not answer within ${startMilliseconds / 1000} s: ${last}`);
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid as number), name);
  } catch {
    // The whole group is gone.
  }
}

/** Asks once, then ends whatever is left of the group: some peers leave workers behind. */
async function end(child: ChildProcess): Promise<void> {
  signal(child, "SIGCONT");
  const closed = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("exit", () => resolve());
  });
  signal(child, "SIGTERM");
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, graceMilliseconds))]);
  signal(child, "SIGKILL");
  await closed;
  child.stdout?.destroy();
  child.stderr?.destroy();
}
