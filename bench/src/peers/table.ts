import { median } from "@sweetspot/planner";
import { machineOf } from "../machine.ts";
import { ratioOf } from "../rounds.ts";
import { tableOf } from "../write-result.ts";
import { type BarRow, barsOf } from "./bars.ts";
import { peerNames, peers } from "./catalogue.ts";
import type { PeerResults } from "./results.ts";

const rows: readonly BarRow[] = [1, 2, 3, 4, 5];

/** All results in Markdown: what is wanted of them, then every server beside the own one. */
export function peerTable(results: PeerResults): string {
  const wanted = rows.flatMap((row) => barsOf(results, row).filter(({ ratio }) => ratio !== null));
  return [
    `# npm run bench -- peers\n\n${machineOf(results.environment)}.`,
    tableOf(wanted),
    "## Every server at saturation\n\nMedians over the valid rounds of one interleaved run with each peer.",
    saturationTable(results),
    "## Highest Poisson rate on mixed lengths with p99 <= 100 ms\n\nRequests per second, medians over the valid rounds.",
    capacityTable(results),
    ...unavailable(results),
    "",
  ].join("\n\n");
}

const titleOf = (name: string): string =>
  peerNames.map((peer) => (peer === name ? peers[peer].title : "")).join("") || name;

function saturationTable({ saturation, grids }: PeerResults): string {
  const lines = Object.entries(saturation).flatMap(([key, { rounds }]) => {
    const [workload = "", peer = ""] = key.split(" ");
    const names = Object.keys(rounds[0]?.figures ?? {}).filter((name) => peer === "own" || name !== "own");
    return names.map((name) => {
      const [toRaw, ownTo] = [ratioOf(rounds, name), ratioOf(rounds, "own", name)];
      const setting = grids[`${workload} ${name}`]?.best;
      const cells = [toRaw, ownTo].map((ratio) => (ratio === null ? "void" : ratio.median.toFixed(2)));
      const valid = rounds.filter((round) => !round.void).length;
      return `| ${workload} | ${titleOf(name)} | ${cells.join(" | ")} | ${valid} of ${rounds.length} | ${settingText(setting)} |`;
    });
  });
  return [
    "| workload | server | of raw ONNX Runtime | own server / it | valid rounds | its best setting |\n|---|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}

const settingText = (setting: Readonly<Record<string, number | boolean>> | undefined): string =>
  setting === undefined
    ? ""
    : Object.entries(setting)
        .map(([name, value]) => `${name} ${value}`)
        .join(", ");

function capacityTable({ capacity }: PeerResults): string {
  const lines = Object.entries(capacity).map(([peer, { rounds, simulated, predicted }]) => {
    const other = peer === "own" ? "single" : peer;
    const valid = rounds.filter((round) => !round.void);
    const rate = (name: string) => median(valid.map(({ figures }) => figures[name] ?? 0)).toFixed(0);
    const ratio = ratioOf(rounds, "own", other)?.median.toFixed(2) ?? "void";
    const simulations = `${simulated.toFixed(0)} | ${predicted.toFixed(0)}`;
    return `| ${titleOf(other)} | ${rate(other)} | ${rate("own")} | ${ratio} | ${simulations} | ${valid.length} of ${rounds.length} |`;
  });
  return [
    "| against | it | own server | ratio | simulated, engines alone | predicted with the front | valid rounds |\n|---|---|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}

function unavailable(results: PeerResults): string[] {
  const lines = Object.entries(results.unavailable).map(([what, why]) => `- ${what}: ${why.replaceAll("\n", " ")}`);
  return lines.length === 0 ? [] : [`## Not measured\n\n${lines.join("\n")}`];
}
