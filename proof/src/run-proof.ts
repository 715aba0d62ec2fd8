import { type Proof, type ProofOutcome, proofHolds, verdictLine } from "./proof.ts";

/** What the runner needs from its surroundings. */
export interface ProofContext {
  readonly proofs: Readonly<Record<string, Proof>>;
  /** Writes a line to stdout. */
  readonly out: (line: string) => void;
  /** Writes a line to stderr. */
  readonly error: (line: string) => void;
  readonly write: (name: string, outcome: ProofOutcome) => Promise<void>;
}

const usage = "Usage: npm run proof -- NAME [--write]";

/**
 * Lists the proofs, or runs one, and returns the exit code: 0 only where it holds, 1 where it does not or could not be
 * run, 2 for a wrong command line. The last line on stdout has every figure with what was wanted.
 */
export async function runProof(words: readonly string[], context: ProofContext): Promise<number> {
  const names = words.filter((word) => !word.startsWith("--"));
  const flags = words.filter((word) => word.startsWith("--"));
  if (names.length > 1 || flags.some((flag) => flag !== "--write")) {
    context.error(usage);
    return 2;
  }
  const [name] = names;
  if (name === undefined) return list(context);
  const proof = Object.hasOwn(context.proofs, name) ? context.proofs[name] : undefined;
  if (proof === undefined) {
    context.error(`There is no proof ${name}. "npm run proof" lists them.`);
    return 2;
  }
  return runOne(name, proof, flags.includes("--write"), context);
}

function list({ proofs, out }: ProofContext): number {
  out(`${usage}\n\n--write also writes the figures, raw data and the machine into proof/results/NAME.json.\n`);
  const width = Math.max(...Object.keys(proofs).map((name) => name.length));
  for (const [name, { sentence }] of Object.entries(proofs)) out(`${name.padEnd(width)}  ${sentence}`);
  return 0;
}

async function runOne(name: string, proof: Proof, write: boolean, context: ProofContext): Promise<number> {
  const { out, error } = context;
  try {
    error(`${name}: ${proof.sentence}`);
    const run = await proof.load();
    const outcome = await run((line) => error(`  ${line}`));
    if (write) await context.write(name, outcome);
    out(`${name} ${verdictLine(outcome)}`);
    return proofHolds(outcome) ? 0 : 1;
  } catch (failure) {
    error(failure instanceof Error ? (failure.stack ?? failure.message) : String(failure));
    out(`${name} DOES NOT HOLD: it could not be run`);
    return 1;
  }
}
