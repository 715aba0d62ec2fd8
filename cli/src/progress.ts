import type { ProgressEvent } from "@sweetspot/tuner";
import type { Terminal } from "./terminal.ts";

/** Shows how far a tuning is: a line that is written over on a terminal, one line per event elsewhere. */
export interface ProgressDisplay {
  show(event: ProgressEvent): void;
  /** Writes a line of its own between the events. */
  note(text: string): void;
  /** Leaves the cursor at the start of an empty line. */
  end(): void;
}

export const progressDisplay = (terminal: Terminal): ProgressDisplay =>
  terminal.interactive ? new LiveProgress(terminal) : new PlainProgress(terminal);

const clock = ({ elapsedSeconds, budgetSeconds }: ProgressEvent): string =>
  `${String(Math.floor(elapsedSeconds)).padStart(3)} of ${budgetSeconds} s`;

class PlainProgress implements ProgressDisplay {
  readonly #terminal: Terminal;
  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(event: ProgressEvent): void {
    const { stage, message, best } = event;
    const soFar = best === undefined ? "" : ` (best so far: ${best})`;
    this.note(`${clock(event)}  ${stage}: ${message}${soFar}`);
  }

  note(text: string): void {
    this.#terminal.error(`${oneLine(text)}\n`);
  }

  end(): void {}
}

const eraseLine = "\r\u001b[2K";

class LiveProgress implements ProgressDisplay {
  readonly #terminal: Terminal;
  #last: ProgressEvent | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(event: ProgressEvent): void {
    // A stage that is over leaves its last line behind.
    if (this.#last !== undefined && this.#last.stage !== event.stage) this.#finish(this.#last);
    this.#last = event;
    this.#draw();
  }

  note(text: string): void {
    this.#terminal.error(`${eraseLine}${oneLine(text)}\n`);
    if (this.#last !== undefined) this.#draw();
  }

  end(): void {
    if (this.#last !== undefined) this.#finish(this.#last);
    this.#last = undefined;
  }

  #draw(): void {
    if (this.#last === undefined) return;
    const { stage, message, best } = this.#last;
    const soFar = best === undefined ? "" : `  [best: ${best}]`;
    this.#terminal.error(eraseLine + this.#fit(`${clock(this.#last)}  ${stage}: ${message}${soFar}`));
  }

  #finish({ stage, message }: ProgressEvent): void {
    this.#terminal.error(`${eraseLine}${this.#fit(`   ok  ${stage}: ${message}`)}\n`);
  }

  // A line that wraps could not be written over.
  #fit(text: string): string {
    const line = oneLine(text);
    const room = Math.max(20, this.#terminal.columns - 1);
    return line.length > room ? `${line.slice(0, room - 3)}...` : line;
  }
}

/** Messages may quote names from model files: nothing in them may steer the terminal. */
export const oneLine = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trimEnd();
