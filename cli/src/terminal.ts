/** Where a command writes. Only results go to `out`; everything else goes to `error`. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  /** `error` is a terminal: a line can be written over. */
  readonly interactive: boolean;
  /** `out` is a terminal: a person reads it. */
  readonly outInteractive: boolean;
  readonly columns: number;
}

/** The streams of this process. */
export const processTerminal = (): Terminal => ({
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
  interactive: process.stderr.isTTY === true && process.env["TERM"] !== "dumb",
  outInteractive: process.stdout.isTTY === true && process.env["TERM"] !== "dumb",
  columns: process.stderr.columns ?? process.stdout.columns ?? 80,
});
