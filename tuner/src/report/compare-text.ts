import type { ReportComparison } from "@sweetspot/crds";
import { ratio as inWords, percentInterval } from "./format.ts";
import { printable, textTable } from "./text-table.ts";

const outcomes = { Faster: "faster", Slower: "slower", NoDifference: "no difference" } as const;

/** The comparison for a terminal. Ends without a newline. */
export function summarizeComparison(comparison: ReportComparison): string {
  const { winner, capacity, tables } = comparison;
  const ratios = [...capacity, ...tables].map(({ what, ratio, outcome }) => [what, inWords(ratio), outcomes[outcome]]);
  const parts = [
    winner.changed
      ? printable(`The winner changed from ${winner.before} to ${winner.after}.`)
      : printable(`The winner is the same: ${winner.after}.`),
    changeTable("question", comparison.question),
    changeTable("environment", comparison.environment),
    ratios.length === 0
      ? "Nothing was measured in both."
      : textTable([{ title: "second over first" }, { title: "ratio", align: "right" }, { title: "" }], ratios),
    variantTable(comparison.variants),
  ];
  return parts.join("\n\n");
}

function changeTable(title: string, changes: ReportComparison["question"]): string {
  if (changes.length === 0) return `The ${title} is the same.`;
  const rows = changes.map(({ what, before, after }) => [what, shortened(before), shortened(after)]);
  return textTable([{ title }, { title: "before" }, { title: "after" }], rows);
}

const longest = 72;
const shortened = (text: string): string => (text.length > longest ? `${text.slice(0, longest - 1)}\u2026` : text);

function variantTable(variants: ReportComparison["variants"]): string {
  const rows = variants.map(({ variant, before, after }) => [variant, outcomeOf(before), outcomeOf(after)]);
  return textTable([{ title: "variant" }, { title: "before" }, { title: "after" }], rows);
}

function outcomeOf(outcome: ReportComparison["variants"][number]["before"]): string {
  if (outcome === null) return "not considered";
  const { state, eligible, quality } = outcome;
  const loss = quality === null ? "" : `, loses ${percentInterval(quality.loss)}`;
  return `${state === "Ready" ? (eligible ? "may win" : "may not win") : state}${loss}`;
}
