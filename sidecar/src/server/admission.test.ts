import type { AdmissionPolicy, CostTable } from "@sweetspot/crds";
import { CostModel } from "@sweetspot/planner";
import { describe, expect, it } from "vitest";
import {
  type AdmissionRules,
  admit,
  type Candidate,
  deadlineOf,
  isHopeless,
  type Load,
  onTimeUntil,
  pressingPrediction,
  queueIsFull,
  secondsUntilEmpty,
} from "./admission.ts";

const policy: AdmissionPolicy = { maximumQueuedRows: 10, maximumQueuedBytes: 1000, refuseLate: true };
const table: CostTable = {
  apiVersion: "sweetspot.dev/v1alpha1",
  kind: "CostTable",
  cells: [1, 2, 4].map((rows) => ({ rows, length: 1, microseconds: 1000 * rows, samples: 5 })),
  noiseFactors: [1],
  overhead: { perBatchMicroseconds: 0, perRequestMicroseconds: 0 },
};
const cost = CostModel.fromTable(table);
const empty: Load = { queuedRows: 0, queuedBytes: 0, queuedMicroseconds: 0, runningMicroseconds: 0, engines: 2 };
const busy: Load = { ...empty, queuedRows: 4, queuedBytes: 40, queuedMicroseconds: 8000, runningMicroseconds: 2000 };
const candidate = (changes: Partial<Candidate> = {}): Candidate => ({
  rows: 1,
  length: 1,
  bytes: 10,
  now: 0,
  arrival: 0,
  onTimeUntil: 6700,
  ...changes,
});
const rulesOf = (changes: Partial<AdmissionRules> = {}): AdmissionRules => ({
  admission: policy,
  cost,
  pace: 1,
  ...changes,
});
const decide = (request: Candidate, load: Load, rules = rulesOf()) => admit(request, load, rules)?.code ?? "admitted";

describe("admission", () => {
  it("refuses exactly what is predicted to be late, a tenth of the time left for what it does not see", () => {
    expect(decide(candidate(), busy)).toBe("admitted");
    expect(decide(candidate({ onTimeUntil: 6600 }), busy)).toBe("TooLate");
  });

  it("counts on requests that take longer than predicted to go on doing so", () => {
    expect(decide(candidate({ onTimeUntil: 12_000 }), busy, rulesOf({ pace: 1.5 }))).toBe("admitted");
    expect(decide(candidate({ onTimeUntil: 12_000 }), busy, rulesOf({ pace: 2 }))).toBe("TooLate");
  });

  it("knows before the body is read that nothing can be answered in time", () => {
    expect(isHopeless(busy, 6600, rulesOf())).toBe(true);
    expect(isHopeless(busy, 6700, rulesOf())).toBe(false);
    expect(isHopeless(busy, 6700, rulesOf({ pace: 1.5 }))).toBe(true);
    expect(isHopeless(empty, 1, rulesOf())).toBe(false);
    expect(isHopeless(busy, 1, rulesOf({ cost: null }))).toBe(false);
    expect(isHopeless(busy, 1, rulesOf({ admission: { ...policy, refuseLate: false } }))).toBe(false);
  });

  it("learns from requests whose prediction came near the limit, and from no others", () => {
    expect(pressingPrediction(candidate(), busy, rulesOf())).toBe(6000);
    expect(pressingPrediction(candidate({ onTimeUntil: 25_000 }), busy, rulesOf())).toBeNull();
    expect(pressingPrediction(candidate({ onTimeUntil: 25_000 }), busy, rulesOf({ pace: 2 }))).toBeNull();
    expect(pressingPrediction(candidate(), busy, rulesOf({ cost: null }))).toBeNull();
  });

  it("predicts nothing without a table or where the plan does not ask for it", () => {
    const late = candidate({ onTimeUntil: 1 });
    expect(decide(late, busy, rulesOf({ cost: null }))).toBe("admitted");
    expect(decide(late, busy, rulesOf({ admission: { ...policy, refuseLate: false } }))).toBe("admitted");
  });

  it("lets an idle server try, so that a wrong table cannot close it", () => {
    expect(decide(candidate({ onTimeUntil: 1 }), empty)).toBe("admitted");
  });

  it("bounds rows and bytes, but takes one large request into an empty queue", () => {
    const far = { onTimeUntil: 1e9 };
    expect(decide(candidate({ ...far, rows: 7 }), busy)).toBe("QueueFull");
    expect(decide(candidate({ ...far, bytes: 961 }), busy)).toBe("QueueFull");
    expect(decide(candidate({ ...far, bytes: 5000 }), empty)).toBe("admitted");
    expect(decide(candidate({ ...far, rows: 11 }), empty)).toBe("TooManyRows");
  });

  it("knows before the body is read that the queue is full", () => {
    expect(queueIsFull({ ...busy, queuedRows: 10 }, 0, policy)).toBe(true);
    expect(queueIsFull(busy, 960, policy)).toBe(false);
    expect(queueIsFull(busy, 961, policy)).toBe(true);
    expect(queueIsFull(empty, 1e9, policy)).toBe(false);
  });

  it("asks clients back when the queue should be empty, after a second at least", () => {
    expect(secondsUntilEmpty(busy)).toBe(1);
    expect(secondsUntilEmpty({ ...busy, queuedMicroseconds: 9e6, engines: 1 })).toBe(10);
  });

  it("lets a request that is as long as the target wait for its own duration", () => {
    const long = { rows: 4, onTimeUntil: 4001 };
    const light = { ...busy, queuedMicroseconds: 6000, runningMicroseconds: 1000 };
    expect(decide(candidate(long), light)).toBe("admitted");
    expect(decide(candidate(long), { ...light, queuedMicroseconds: 8000 })).toBe("TooLate");
  });

  it("takes the client's own time limit, else ten times the target", () => {
    const target = { percentile: "P99", latencyMilliseconds: 50 } as const;
    expect(deadlineOf(1000, 2000, target)).toBe(3000);
    expect(deadlineOf(1000, null, target)).toBe(501_000);
    expect(onTimeUntil(1000, 2000, target)).toBe(3000);
    expect(onTimeUntil(1000, null, target)).toBe(51_000);
  });

  it("keeps a request for half a second however tight the target, so that one that cannot be met is still served", () => {
    const target = { percentile: "P99", latencyMilliseconds: 1 } as const;
    expect(onTimeUntil(1000, null, target)).toBe(2000);
    expect(deadlineOf(1000, null, target)).toBe(501_000);
    expect(deadlineOf(1000, 2000, target)).toBe(3000);
  });
});
