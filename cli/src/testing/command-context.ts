import { EventEmitter } from "node:events";
import type { CommandContext } from "../context.ts";

/** A context that goes nowhere, for building commands without running them. */
export const createContext = (): CommandContext => ({
  terminal: { out: () => {}, error: () => {}, interactive: false, outInteractive: false, columns: 80 },
  signals: { source: new EventEmitter(), now: () => 0 },
  endNow: () => {},
  endWith: () => {},
  loadTuner: () => Promise.reject(new Error("commands are only built here")),
});
