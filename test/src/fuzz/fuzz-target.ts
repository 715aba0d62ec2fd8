import type { Choices } from "./choices.ts";

/** A message to send. */
export interface FuzzInput {
  readonly bytes: Uint8Array;
  /** What of it an answer may repeat: the same, with nothing compressed. */
  readonly readable: Uint8Array;
}

/** What an answer says. */
export interface FuzzVerdict {
  /** One word: a status, or "none" where the connection ended without an answer. */
  readonly status: string;
  /** Whatever the client can read of it; searched for paths and stacks. */
  readonly text: string;
  /** The request was answered as a well-formed one is. */
  readonly good: boolean;
  /** The server says that it did not foresee this. */
  readonly unforeseen: boolean;
}

/** A protocol that can be fuzzed. */
export interface FuzzTarget {
  /** Well-formed messages, which are all answered well. */
  readonly good: readonly Uint8Array[];
  readonly mutated: (choices: Choices) => FuzzInput;
  /** Has the answer come to its end? */
  readonly isWhole: (answer: Buffer) => boolean;
  /** The server has said that it ends the connection: the client need not wait for the system to do so. */
  readonly isOver: (answer: Buffer) => boolean;
  readonly judge: (answer: Buffer) => Promise<FuzzVerdict>;
}
