import { readdirSync } from "node:fs";
import { type ReadText, readText } from "@sweetspot/sidecar";

/** The files through which Linux tells of itself: those of this machine, or recorded ones. */
export interface MachineFiles {
  readonly read: ReadText;
  /** Names in a folder; empty where there is none. */
  readonly list: (folder: string) => readonly string[];
}

/** Reads from this machine. Synchronous, as the kernel answers for `/proc` and `/sys` from memory. */
export const machineFiles: MachineFiles = {
  read: readText,
  list: (folder) => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  },
};
