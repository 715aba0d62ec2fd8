import type { Candidate, ChecklistItem, CostCell } from "@sweetspot/crds";
import { sameMinor } from "../environment/pinned-versions.ts";
import { figure, percent } from "../report/format.ts";
import { checked, type Evidence, measured, notTried } from "./item.ts";
import { noiseApart, racedPair, raceRatio, sameLayout, singleRatio, tableOf } from "./ratios.ts";

/** Do the tools that make variants fit the engine that loads them? */
export function versionsItem({ environment }: Evidence): ChecklistItem {
  const { versions } = environment;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  if (named.length === 0) return notTried("Versions", "The report names no versions.");
  const [writer, reader] = [versions["python-onnxruntime"], versions["onnxruntime-node"]];
  if (writer === undefined || reader === undefined) return checked("Versions", `${named.join(", ")}.`);
  const fit = sameMinor(writer, reader)
    ? "The tools that make variants fit the engine that loads them."
    : `Variants are made with onnxruntime ${writer} and loaded with ${reader}: install the same release of both.`;
  return checked("Versions", `${named.join(", ")}. ${fit}`);
}

/** What the machine did beside the tuning, as far as measurements show it. */
export function systemItem({ environment, candidates, findings }: Evidence): ChecklistItem {
  const topic = "SystemActivity";
  const { noiseFactor } = environment;
  if (noiseFactor === null) return notTried(topic, "The A/A test did not run; see `sweetspot doctor`.");
  const rounds = candidates.flatMap((candidate) => candidate.rounds);
  const lost = rounds.filter((round) => round.void).length;
  const race =
    rounds.length === 0
      ? ""
      : ` ${lost} of ${rounds.length} rounds of the race were void, as the machine was disturbed.`;
  const warnings = findings.filter((finding) => finding.topic === "Environment" && finding.outcome === "Warning");
  const remarks = warnings.map(({ message }) => ` ${message}`).join("");
  return checked(
    topic,
    `Equal series of one batch differ by up to ${percent(noiseFactor - 1)} on this machine.${race}${remarks}`,
  );
}

/** Where the time of one request goes that has the server to itself, by the measured table and the calibrated server. */
export function bottleneckItem({ tables }: Evidence, winner: Candidate): ChecklistItem {
  const topic = "Bottleneck";
  const table = tableOf(tables, winner)?.table;
  const single = middle(table?.cells.filter(({ rows }) => rows === 1) ?? []);
  if (table === undefined || single === undefined) return notTried(topic, "The plan that won was not measured.");
  const { perBatchMicroseconds, perRequestMicroseconds, shared } = table.overhead;
  const engine = single.microseconds;
  const handOver = perBatchMicroseconds + perRequestMicroseconds;
  const front = shared?.microsecondsPerRequest ?? 0;
  const total = engine + handOver + front;
  const parts = [
    `${percent(engine / total)} in the engine`,
    `${percent(handOver / total)} in the hand-over to it`,
    ...(shared === undefined
      ? []
      : [`${percent(front / total)} in reading, checking and answering, with the load generator's part`]),
  ];
  const where = engine / total >= 0.5 ? "The model is the bottleneck" : "The bottleneck is outside of the engine";
  const unseen = shared === undefined ? " What the server spends on reading and answering was not measured." : "";
  const outside = " Decoding and tokenizing by clients, before a request is sent, is not in it.";
  return checked(
    topic,
    `${where}: of the time that one request of length ${single.length} takes alone, ${parts.join(", ")}.${unseen}${outside}`,
  );
}

const middle = (cells: readonly CostCell[]): CostCell | undefined =>
  cells.toSorted((a, b) => a.length - b.length)[Math.floor((cells.length - 1) / 2)];

/** A second batch in hand hides the hand-over behind the engine's work, as a loader's prefetching does. */
export function overlapItem({ candidates, environment }: Evidence, winner: Candidate): ChecklistItem {
  const topic = "OverlapInput";
  const batches = (candidate: Candidate) => candidate.batching.maximumRows > 1;
  const alike = (a: Candidate, b: Candidate) =>
    a.variant === b.variant && sameLayout(a, b) && batches(a) === batches(b);
  const pair = racedPair(candidates, ({ batching }) => batching.inFlightPerInstance > 1, alike);
  const ratio = pair && raceRatio(...pair, environment);
  if (ratio !== null)
    return measured(topic, ratio, "The next batch is handed over while the engine runs the one before.");
  const chosen = winner.batching.inFlightPerInstance > 1 ? "two batches in hand" : "one batch in hand";
  return notTried(
    topic,
    `The plan has ${chosen} for each engine, as the simulator chose; the other was not raced against it.`,
  );
}

/** Each engine process on CPUs of its own, tried on the real server at saturation. */
export function pinningItem({ pinningTrial, environment, question }: Evidence, winner: Candidate): ChecklistItem {
  const topic = "CorePinning";
  if (pinningTrial === null)
    return notTried(topic, "There was no server, or no time, to compare pinned and unpinned engines.");
  const { pinnedRequestsPerSecond: pinned, unpinnedRequestsPerSecond: unpinned } = pinningTrial;
  if (pinned <= 0 || unpinned <= 0) return notTried(topic, "A trial of the server answered nothing.");
  const ratio = singleRatio(pinned, unpinned, noiseApart(environment), "Trial");
  const few = question.cpus === 1 ? " There is one CPU only, on which the load generator ran too." : "";
  const plan = winner.layout.pinned ? "The plan pins them." : "The plan does not pin them.";
  const message = `${figure(pinned)} requests/s with engines bound to CPUs against ${figure(unpinned)} without, at saturation. ${plan}${few}`;
  return measured(topic, ratio, message);
}
