/** One measured figure of a proof with what is wanted of it. Give at least one bound; both are inclusive. */
export interface Measure {
  /** What was measured, as a phrase: "simulated requests per second on one core". */
  readonly name: string;
  /** NaN where it could not be measured, which never holds. */
  readonly figure: number;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** "s", "%"; absent for a plain number or a ratio. */
  readonly unit?: string;
}

/** What a proof found: it holds only where every measure does. */
export interface ProofOutcome {
  readonly measures: readonly Measure[];
  /** Whatever lets somebody check the figures again; goes into the result file. */
  readonly raw: unknown;
}

/** Shows one line of progress. */
export type Progress = (line: string) => void;

/** The full form of one row of a table of what must be shown. Throws where it cannot be measured. */
type RunProof = (progress: Progress) => Promise<ProofOutcome>;

/** A proof as the list shows it. */
export interface Proof {
  /** One sentence: what is measured on what. */
  readonly sentence: string;
  /** Loaded only when it is run, so that one that needs much costs the others nothing. */
  readonly load: () => Promise<RunProof>;
}

export const measureHolds = ({ figure, atLeast, atMost }: Measure): boolean =>
  figure >= (atLeast ?? Number.NEGATIVE_INFINITY) && figure <= (atMost ?? Number.POSITIVE_INFINITY);

export const proofHolds = ({ measures }: ProofOutcome): boolean => measures.length > 0 && measures.every(measureHolds);

/** All figures and bounds on one line: "holds: simulated requests/s 1,200,000 (wanted at least 1,000,000)". */
export function verdictLine(outcome: ProofOutcome): string {
  return `${proofHolds(outcome) ? "holds" : "DOES NOT HOLD"}: ${outcome.measures.map(inWords).join("; ")}`;
}

function inWords(measure: Measure): string {
  const { name, figure, unit } = measure;
  const mark = measureHolds(measure) ? "" : ", missed";
  return `${name} ${withUnit(figure, unit)} (wanted ${boundInWords(measure)}${mark})`;
}

function boundInWords({ atLeast, atMost, unit }: Measure): string {
  if (atLeast !== undefined && atMost !== undefined) return `${written(atLeast)} to ${withUnit(atMost, unit)}`;
  return atLeast !== undefined ? `at least ${withUnit(atLeast, unit)}` : `at most ${withUnit(atMost ?? NaN, unit)}`;
}

const withUnit = (value: number, unit: string | undefined): string =>
  unit === undefined ? written(value) : `${written(value)} ${unit}`;

const written = (value: number): string => value.toLocaleString("en-US", { maximumSignificantDigits: 4 });
