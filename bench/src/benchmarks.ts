/** What `npm run bench -- NAME` runs, with the words after the name. */
export const benchmarks: Readonly<Record<string, () => Promise<(words: readonly string[]) => Promise<void>>>> = {
  engines: async () => (await import("./engines.ts")).benchEngines,
  peers: async () => (await import("./peers/peers.ts")).benchPeers,
  pipeline: async () => (await import("./pipeline.ts")).benchPipeline,
  scheduler: async () => (await import("./scheduler.ts")).benchScheduler,
  sidecar: async () => (await import("./sidecar.ts")).benchSidecar,
  simulator: async () => (await import("./simulator.ts")).benchSimulator,
  truth: async () => (await import("./truth/truth.ts")).benchTruth,
};
