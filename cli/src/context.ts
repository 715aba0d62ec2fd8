import type { tune } from "@sweetspot/tuner";
import type { ExitName } from "./exit-codes.ts";
import type { SignalSource } from "./interrupts.ts";
import type { Terminal } from "./terminal.ts";

/** What commands need from their surroundings. */
export interface CliContext {
  readonly terminal: Terminal;
  readonly signals: SignalSource;
  /** Ends the process at once, with this code. */
  readonly endNow: (code: number) => void;
  /** The tuner. It is loaded when it is needed, so that help comes at once. */
  readonly loadTuner: () => Promise<{ readonly tune: typeof tune }>;
}

/** A context for the commands of one command line. */
export interface CommandContext extends CliContext {
  /** Sets the code to end with when it is not 0 and there is no error to throw. */
  readonly endWith: (exit: ExitName) => void;
}
