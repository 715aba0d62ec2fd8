import { type Interval, type ReplayedPlan, type ReplayedRecord, shareOf, type TrafficReplay } from "@sweetspot/crds";
import * as format from "./format.ts";
import { htmlTable } from "./html-table.ts";
import { html, type Markup } from "./markup.ts";
import { printable, textTable } from "./text-table.ts";

/** What the figures are, and what the record does not know. */
const caveat =
  "Simulated from the measured tables; in brackets 95 % intervals. The record has the requests of each second and their sizes, " +
  "not the instants within a second nor the order of sizes; nothing is refused, and the server is idle at first.";

/** Recorded traffic under each plan, for a terminal. Ends without a newline. */
export function summarizeReplay(replay: TrafficReplay): string {
  const { percentile } = replay.serviceLevel;
  const columns = [
    { title: "plan" },
    { title: `${format.percentileName(percentile)} would have been` },
    { title: "within the target" },
    { title: "what it is" },
  ];
  const parts = replay.records.map((record) => {
    const rows = record.plans.map((plan) => [
      plan.served ? `${plan.name} (served)` : plan.name,
      latencyOf(plan),
      withinOf(plan),
      plan.problem === null ? plan.summary : `${plan.summary}: ${plan.problem}`,
    ]);
    return `${printable(sentenceOf(record, replay))}\n${textTable(columns, rows)}`;
  });
  return [...parts, caveat].join("\n\n");
}

/** The same as a part of a page. */
export function replaySection(replay: TrafficReplay): Markup {
  const columns = [
    { title: "plan" },
    { title: `${format.percentileName(replay.serviceLevel.percentile)} would have been`, number: true },
    { title: "within the target", number: true },
  ];
  const parts = replay.records.map((record) => {
    const rows = record.plans.map((plan) => ({
      kind: plan.served ? "winner" : "loser",
      cells: [
        html`<b>${plan.name}</b>${plan.served ? " served" : null}<br><small>${plan.summary}</small>${problemOf(plan)}`,
        latencyOf(plan),
        withinOf(plan),
      ],
    }));
    return html`<p>${sentenceOf(record, replay)}</p>${htmlTable("replay", columns, rows)}`;
  });
  return html`${parts}<p><small>${caveat}</small></p>`;
}

const kinds: Readonly<Record<ReplayedRecord["kind"], string>> = {
  Breach: "The breach of",
  Usual: "The usual traffic of",
};

function sentenceOf(record: ReplayedRecord, { serviceLevel }: TrafficReplay): string {
  const { kind, at, seconds, requestsPerSecond, badShare, slowdown } = record;
  const allowed = 1 - shareOf(serviceLevel.percentile);
  const target = `${format.milliseconds(serviceLevel.latencyMilliseconds)}, which ${format.percent(allowed)} may miss`;
  const really = badShare === null ? "" : `; ${format.percent(badShare)} of the record's requests really did`;
  const slow =
    Math.abs(slowdown - 1) < 0.05 ? "" : ` Engines took ${format.figure(slowdown)} times as long as measured.`;
  const doubt = unexplained(record, allowed)
    ? " The plan that served shows few of these misses here: something was at work that neither tables nor record know, so do not rely on the others' figures."
    : "";
  const what = `${kinds[kind]} ${at}, its last ${seconds} s, at ${format.rate(requestsPerSecond)} in each pod`;
  return `${what}. The target is ${target}${really}.${slow}${doubt}`;
}

/** Does the simulator miss most of what the plan that served really missed? */
function unexplained({ badShare, plans }: ReplayedRecord, allowed: number): boolean {
  const served = plans.find((plan) => plan.served)?.shareWithin ?? null;
  return badShare !== null && badShare > allowed && served !== null && 1 - served.low < badShare / 2;
}

const latencyOf = ({ latencyMilliseconds }: ReplayedPlan): string =>
  latencyMilliseconds === null
    ? "-"
    : `${format.milliseconds(latencyMilliseconds.estimate)} ${range(latencyMilliseconds, 1)}`;

const withinOf = ({ shareWithin }: ReplayedPlan): string =>
  shareWithin === null ? "-" : `${format.percent(shareWithin.estimate)} ${range(shareWithin, 100)}`;

const problemOf = ({ problem }: ReplayedPlan): Markup | null =>
  problem === null ? null : html`<br><small>${problem}</small>`;

const range = ({ low, high }: Interval, times: number): string =>
  `(${format.figure(times * low)} to ${format.figure(times * high)})`;
