import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PreparedRequest } from "@sweetspot/tuner";
import type { Workload } from "../minilm-workloads.ts";

const servers = fileURLToPath(new URL("./servers", import.meta.url));
const program = (name: string): readonly string[] => [join(servers, name)];

/** How a peer is run. What only one peer knows is in its `servers/` program. */
export interface PeerSetting {
  readonly workers: number;
  readonly threads: number;
  /** Rows of a batch at most; 1 turns batching off. */
  readonly rows: number;
  readonly waitMilliseconds: number;
  readonly [own: string]: number | boolean;
}

/** Another server, the best of a small grid of its own settings. */
export interface Peer {
  readonly title: string;
  /** The Python environment that it runs in, `requirements/NAME.txt`. */
  readonly environment: "light" | "bentoml" | "ray" | "triton" | "mlserver" | "razors-edge";
  readonly arguments: (port: number) => readonly string[];
  readonly variables?: (setting: PeerSetting) => Readonly<Record<string, string>>;
  readonly path: string;
  readonly formats: readonly Workload["format"][];
  /** Tried first, each: batching off and on. */
  readonly batching: readonly Pick<PeerSetting, "rows" | "waitMilliseconds">[];
  /** Tried one by one on the best of those. */
  readonly variations: readonly Partial<PeerSetting>[];
  /** Where its body is not the protocol's own. */
  readonly wrap?: (request: PreparedRequest) => PreparedRequest;
  /** False where it can make no batch of requests of different lengths. */
  readonly padsBatches: boolean;
  /** False where its processes do not survive to be stopped between measurements. */
  readonly pausable: boolean;
}

/** Two engine processes of one thread, as the server that they are compared with. */
const twoByOne = { workers: 2, threads: 1 } as const;
const oneByTwo = { workers: 1, threads: 2 } as const;
const threeByOne = { workers: 3, threads: 1 } as const;

const off = { rows: 1, waitMilliseconds: 0 };
const batch = (rows: number, waitMilliseconds: number) => ({ rows, waitMilliseconds });

const usual = {
  path: "/v2/models/minilm/infer",
  formats: ["json"],
  padsBatches: true,
  pausable: true,
} as const;

export const peers = {
  litserve: {
    ...usual,
    title: "LitServe",
    environment: "light",
    arguments: () => program("litserve_server.py"),
    batching: [off, batch(8, 5), batch(16, 5)],
    variations: [{ fastQueue: true }, { apiServers: 2 }, oneByTwo],
  },
  mosec: {
    ...usual,
    title: "mosec",
    environment: "light",
    arguments: () => program("mosec_server.py"),
    batching: [off, batch(8, 1), batch(16, 1), batch(16, 10)],
    variations: [oneByTwo, threeByOne],
  },
  bentoml: {
    ...usual,
    title: "BentoML",
    environment: "bentoml",
    arguments: (port) => [
      ...["-m", "bentoml", "serve", "bentoml_service:MiniLm", "--working-dir", servers],
      ...["--host", "127.0.0.1", "--port", String(port)],
    ],
    path: "/infer",
    batching: [off, batch(8, 60_000), batch(16, 60_000), batch(16, 1000)],
    variations: [oneByTwo, threeByOne],
    wrap: (request) => ({
      ...request,
      body: Buffer.concat([Buffer.from('{"requests":['), request.body, Buffer.from("]}")]),
    }),
  },
  ray: {
    ...usual,
    title: "Ray Serve",
    environment: "ray",
    arguments: () => program("ray_server.py"),
    variables: ({ throughputOptimized, haProxy }) => ({
      RAY_SERVE_THROUGHPUT_OPTIMIZED: throughputOptimized === true ? "1" : "0",
      RAY_SERVE_ENABLE_HA_PROXY: haProxy === true ? "1" : "0",
    }),
    batching: [off, batch(8, 5), batch(16, 5)],
    variations: [{ throughputOptimized: true }, { throughputOptimized: true, haProxy: true }],
    pausable: false,
  },
  triton: {
    ...usual,
    title: "Triton, Python backend",
    environment: "triton",
    arguments: () => program("triton_server.py"),
    formats: ["json", "binary"],
    batching: [off, batch(8, 0), batch(16, 0), batch(16, 2)],
    variations: [{ httpThreads: 4 }, oneByTwo, threeByOne],
  },
  fastapi: {
    ...usual,
    title: "FastAPI, no batching",
    environment: "light",
    arguments: () => program("fastapi_server.py"),
    batching: [off],
    variations: [oneByTwo, threeByOne],
  },
  mlserver: {
    ...usual,
    title: "MLServer",
    environment: "mlserver",
    arguments: () => program("mlserver_server.py"),
    batching: [off, batch(8, 5), batch(16, 5)],
    variations: [oneByTwo],
    padsBatches: false,
  },
  "razors-edge": {
    ...usual,
    title: "Razor's Edge behind FastAPI",
    environment: "razors-edge",
    arguments: () => program("razors_edge_server.py"),
    // It times pairs, so that one row at a time is no setting of it, and forms batches from whatever waits.
    batching: [batch(8, 0), batch(16, 0)],
    variations: [{ guarded: true }, oneByTwo],
  },
} as const satisfies Readonly<Record<string, Peer>>;

export type PeerName = keyof typeof peers;

export const peerNames = Object.keys(peers) as PeerName[];

export const isPeerName = (name: string): name is PeerName => Object.hasOwn(peers, name);

/** The first part of a peer's grid for a workload; `variations` are tried on the best of it. */
export function firstSettings({ batching, padsBatches }: Peer, workload: Workload): PeerSetting[] {
  const oneLength = new Set(workload.lengths).size === 1;
  return batching
    .filter(({ rows }) => rows === 1 || padsBatches || oneLength)
    .map((each) => ({ ...twoByOne, ...each }));
}
