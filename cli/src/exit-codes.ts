/** Every code with which `sweetspot` ends, and what it means. docs/cli.md holds the same table; a test compares them. */
export const exitCodes = [
  { code: 0, name: "Done", meaning: "The command did what it was asked to do." },
  { code: 1, name: "Unexpected", meaning: "Something failed that should not; run again with --debug to see where." },
  { code: 2, name: "Usage", meaning: "The command line is wrong." },
  { code: 3, name: "BadInput", meaning: "A model, samples, tokenizer, plan or report cannot be used." },
  { code: 4, name: "CannotWrite", meaning: "The results cannot be written." },
  {
    code: 5,
    name: "Infeasible",
    meaning: "The latency target cannot be met on this machine; only with --fail-if-infeasible.",
  },
  { code: 6, name: "Unavailable", meaning: "A port is taken, or a server does not answer." },
  { code: 7, name: "ProblemFound", meaning: "The doctor found a problem with this machine." },
  {
    code: 8,
    name: "ClusterRefused",
    meaning: "The cluster does not have what was named, or does not allow what was asked.",
  },
  { code: 130, name: "Interrupted", meaning: "Stopped by Ctrl-C; what was found until then is kept." },
] as const;

export type ExitName = (typeof exitCodes)[number]["name"];

const byName = new Map<string, number>(exitCodes.map(({ name, code }) => [name, code]));

/** The number of an exit code. */
export const exitCode = (name: ExitName): number => byName.get(name) ?? 1;

/** The table as `--help` shows it. */
export const exitCodeHelp = (): string =>
  `\nExit codes:\n${exitCodes.map(({ code, meaning }) => `  ${String(code).padEnd(4)} ${meaning}`).join("\n")}\n`;
