import type { Proof } from "./proof.ts";

/** Every proof by its name, `TOPIC-ROW`. A new one needs a line here and one in README.md, which a test compares. */
export const proofs: Readonly<Record<string, Proof>> = {
  "control-loop-1": {
    sentence:
      "On a cluster, requests become sixteen times as long: how soon it is found, and what a new plan makes of it.",
    load: async () => (await import("./control-loop-1.ts")).proveLongerRequests,
  },
  "control-loop-2": {
    sentence:
      "On a cluster, a process takes half of the CPU of the only server: what the loop calls it, and what it does.",
    load: async () => (await import("./control-loop-2.ts")).proveNoisyNeighbour,
  },
  "control-loop-3": {
    sentence:
      "On a cluster, twice as many requests as the replica carries: what the loop calls it, and what it leaves alone.",
    load: async () => (await import("./control-loop-3.ts")).proveOverloadIsNamed,
  },
  "control-loop-4": {
    sentence:
      "On a cluster, a plan that misses every request is promoted by hand under load: how soon it is taken back.",
    load: async () => (await import("./control-loop-4.ts")).proveRollback,
  },
  "control-loop-5": {
    sentence: "On a cluster, a target that one request alone exceeds, under traffic, and then one that can be kept.",
    load: async () => (await import("./control-loop-5.ts")).proveInfeasible,
  },
  "control-loop-6": {
    sentence:
      "What the loop's policies decide about steady traffic on virtual time: near capacity, slightly bad, and almost none.",
    load: async () => (await import("./control-loop-6.ts")).proveSteadyTraffic,
  },
  "control-loop-7": {
    sentence:
      "The loop's policies over 20 simulated weeks, over slow-downs at random times, and over weeks full of trouble.",
    load: async () => (await import("./control-loop-7.ts")).proveVirtualWeeks,
  },
  "control-loop-8": {
    sentence:
      "Operators on a real API server that die after every action and write, miss events, read the past, or lead no more.",
    load: async () => (await import("./control-loop-8.ts")).proveFaults,
  },
  "control-loop-9": {
    sentence: "On a cluster, the API server is killed and stays away for ten minutes, under traffic.",
    load: async () => (await import("./control-loop-9.ts")).proveOutage,
  },
  "control-loop-10": {
    sentence:
      "A thousand InferenceDeployments on a real API server: how soon they converge, what the operator costs, and equal ones.",
    load: async () => (await import("./control-loop-10.ts")).proveFleet,
  },
  "control-loop-11": {
    sentence: "Generated changes of every field of a spec, each taken back again, on a real API server.",
    load: async () => (await import("./control-loop-11.ts")).proveTransitions,
  },
  "control-loop-12": {
    sentence: "Objects that an earlier release made, under this operator: no measurement again, no pod replaced.",
    load: async () =>
      (await import("./by-tests.ts")).proveByTests([{ files: ["test/src/upgrade/upgrade.integration.test.ts"] }]),
  },
  "control-loop-13": {
    sentence:
      "The operator's rights on a real API server and on a cluster, granted and used, and pods under Pod Security restricted.",
    load: async () =>
      (await import("./by-tests.ts")).proveByTests([
        { files: ["test/src/chart/operator-rights.integration.test.ts", "test/src/chart/rbac.test.ts"] },
        { config: "vitest.e2e.config.ts", files: ["test/src/e2e/tuning.e2e.test.ts"] },
      ]),
  },
  "control-loop-14": {
    sentence: "Helm installs, upgrades and uninstalls the chart, and what is left of it then.",
    load: async () =>
      (await import("./by-tests.ts")).proveByTests([
        { files: ["test/src/chart/release.integration.test.ts"] },
        { config: "vitest.e2e.config.ts", files: ["test/src/e2e/main-path.e2e.test.ts"] },
      ]),
  },
  "data-plane-1": {
    sentence:
      "Saturation throughput over the best raw ONNX Runtime: MiniLM at 64 and 16 tokens JSON, and 16 tokens binary.",
    load: async () => (await import("./data-plane-peers.ts")).provePeerRow(1),
  },
  "data-plane-2": {
    sentence:
      "Saturation throughput over LitServe, Ray Serve and BentoML, each at the best of its grid: 16 tokens JSON.",
    load: async () => (await import("./data-plane-peers.ts")).provePeerRow(2),
  },
  "data-plane-3": {
    sentence: "Saturation throughput over mosec (16 tokens JSON) and Triton's Python backend (16 tokens binary).",
    load: async () => (await import("./data-plane-peers.ts")).provePeerRow(3),
  },
  "data-plane-4": {
    sentence:
      "Mixed lengths at saturation over own FIFO-8, over the offline optimum of raw engines and over own batch 1.",
    load: async () => (await import("./data-plane-peers.ts")).provePeerRow(4),
  },
  "data-plane-5": {
    sentence:
      "Highest Poisson rate with p99 within 100 ms on mixed lengths, over peers, over own batch 1 and over the simulator's.",
    load: async () => (await import("./data-plane-peers.ts")).provePeerRow(5),
  },
  "data-plane-6": {
    sentence: "An OCR recogniser of one width, for which batching is useless: with the batch former and without.",
    load: async () => (await import("./data-plane-6.ts")).proveNoHarm,
  },
  "data-plane-7": {
    sentence: "Two and five times as many requests as the server can answer, for 30 s each.",
    load: async () => (await import("./data-plane-7.ts")).proveOverload,
  },
  "data-plane-8": {
    sentence:
      "CPU time of the server's process per request, JSON against binary tensors, for a tiny model and an image.",
    load: async () => (await import("./data-plane-8.ts")).proveWire,
  },
  "data-plane-9": {
    sentence:
      "A hundred plan changes at 60 % load, half of them with new engines: failed requests, p99, and how soon they hold.",
    load: async () => (await import("./data-plane-9.ts")).provePlanChanges,
  },
  "data-plane-10": {
    sentence: "Engines killed and stopped under load, and a request among 31 good ones that takes its engine down.",
    load: async () => (await import("./data-plane-10.ts")).proveFaults,
  },
  "data-plane-11": {
    sentence: "A hundred servers under HTTP and gRPC load are told to stop: accepted requests that are lost.",
    load: async () => (await import("./data-plane-11.ts")).proveDraining,
  },
  "data-plane-12": {
    sentence:
      "Mutated HTTP and gRPC messages to real servers: crashes, hangs, and answers that show a path or a stack.",
    load: async () => (await import("./data-plane-12.ts")).proveFuzz,
  },
  "data-plane-13": {
    sentence: "A million requests and 100 plan changes: memory and open handles.",
    load: async () => (await import("./data-plane-13.ts")).proveSoak,
  },
  "data-plane-14": {
    sentence:
      "The sidecar in front of a real Triton: throughput with and without it, and whether the answers are equal.",
    load: async () => (await import("./data-plane-14.ts")).proveProxy,
  },
  "data-plane-15": {
    sentence: "A burner on every CPU under a server: the error of its cost table before and after 60 s, and the drift.",
    load: async () => (await import("./data-plane-15.ts")).proveRefit,
  },
  "tuner-1": {
    sentence: "The tuner on recorded truth, three models by 20 seeds: what it picks over the best of the whole grid.",
    load: async () => (await import("./tuner-1.ts")).proveSearchQuality,
  },
  "tuner-2": {
    sentence:
      "The tuner beside random search, Optuna's TPE and a hill climb, with the same time on the same recorded grid.",
    load: async () => (await import("./tuner-2.ts")).proveSearchAhead,
  },
  "tuner-3": {
    sentence:
      "Wall time of whole tunings of a sentence encoder: a usable answer, and the final one with four variants.",
    load: async () => (await import("./tuner-3.ts")).proveWallTime,
  },
  "tuner-4": {
    sentence:
      "Held-out error of cost tables, and predicted over measured p99 at 70 % load and capacity, for two models.",
    load: async () => (await import("./tuner-4.ts")).provePredictions,
  },
  "tuner-5": {
    sentence: "Ten replayed tunings of each recorded model, each with other noise: how many choose alike.",
    load: async () => (await import("./tuner-5.ts")).proveRepeatability,
  },
  "tuner-6": {
    sentence: "A race between identical candidates, replayed 400 times on an unsteady machine.",
    load: async () => (await import("./tuner-6.ts")).proveRaceOfEquals,
  },
  "tuner-7": {
    sentence: "The quality gate in whole tunings: seeded bad INT8 models, good ones, and 20 samples.",
    load: async () => (await import("./tuner-7.ts")).proveQualityGate,
  },
  "tuner-8": {
    sentence:
      "The verdict on simulated queues at 70 to 95 % load whose true miss rate is a fifth above or below the allowed.",
    load: async () => (await import("./tuner-8.ts")).proveVerdict,
  },
  "tuner-9": {
    sentence:
      "Whole tunings of packaged models: OCR detector, recogniser and classifier, labelled digits, a sentence encoder.",
    load: async () => (await import("./tuner-9.ts")).proveRealCases,
  },
  "tuner-10": {
    sentence: "Tunings whose variants crash their converter, run out of memory or time, or answer NaN.",
    load: async () =>
      (await import("./by-tests.ts")).proveByTests([
        { files: ["test/src/integration/tune-failing-variants.test.ts", "test/src/integration/tune-faults.test.ts"] },
      ]),
  },
  "tuner-11": {
    sentence: "Speed of the simulator on one core, and the time of a search over 2,000 plans and of a replan.",
    load: async () => (await import("./tuner-11.ts")).proveSimulatorSpeed,
  },
};
