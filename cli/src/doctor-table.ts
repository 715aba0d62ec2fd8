import type { DoctorFinding, DoctorReport, DoctorState } from "@sweetspot/crds";
import { oneLine } from "./progress.ts";

/** The states in the order in which they are counted, with their words. */
const words: Readonly<Record<DoctorState, string>> = {
  Problem: "problem",
  Advice: "advice",
  Good: "good",
  Unknown: "unknown",
  NotApplicable: "not applicable",
};

const checkWidth = 17;
const stateWidth = 15;
const narrowest = 30;

/** One line for each finding, for programs and logs. Ends without a newline. */
export function doctorLines({ findings }: DoctorReport): string {
  const lines = findings.map(({ check, state, sentence, next }) =>
    oneLine(`${state} ${check}: ${sentence}${next === null ? "" : ` Next: ${next}`}`),
  );
  return [...lines, summary(findings)].join("\n");
}

/** The findings for people: check, state, and the sentences wrapped to the width of the terminal. */
export function doctorTable(report: DoctorReport, columns: number): string {
  const indent = " ".repeat(checkWidth + stateWidth);
  const room = Math.max(narrowest, columns - indent.length - 1);
  const rows = report.findings.flatMap(({ check, state, sentence, next }) => {
    const lines = [...wrap(sentence, room), ...(next === null ? [] : hanging(wrap(next, room - 3)))];
    const head = `${check.padEnd(checkWidth)}${words[state].padEnd(stateWidth)}`;
    return lines.map((line, index) => (index === 0 ? head : indent) + line);
  });
  return [...rows, "", summary(report.findings)].join("\n");
}

/** What to do stands under an arrow. */
const hanging = (lines: readonly string[]): string[] =>
  lines.map((line, index) => (index === 0 ? `-> ${line}` : `   ${line}`));

function summary(findings: readonly DoctorFinding[]): string {
  const counts = (Object.keys(words) as DoctorState[]).map((state) => {
    const number = findings.filter((finding) => finding.state === state).length;
    return `${number} ${words[state]}`;
  });
  const problems = findings.filter(({ state }) => state === "Problem").map(({ check }) => check);
  const which = problems.length === 0 ? "" : ` Problems: ${problems.join(", ")}.`;
  return `${counts.join(", ")}.${which}`;
}

/** Breaks a text at spaces into lines of at most `width` characters; a longer word stands alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of oneLine(text).split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
