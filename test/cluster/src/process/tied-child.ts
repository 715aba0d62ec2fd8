import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { identityOf, isRunning, type ProcessIdentity, terminate } from "./identity.ts";

/** A child that cannot outlive this process. */
export interface TiedChild {
  readonly identity: ProcessIdentity;
  /** File with all that it wrote. */
  readonly logFile: string;
  isRunning(): boolean;
  stop(graceMilliseconds?: number): Promise<void>;
}

// The parent may die before the child has asked to die with it; the child then has another parent, sees it and ends.
const guard = '[ "$PPID" = "$0" ] && exec "$@"';

/**
 * Starts a program that the kernel kills when this process ends in any way, SIGKILL included (PR_SET_PDEATHSIG, set by
 * setpriv(1) of util-linux). The signal comes with the end of the *thread* that started it, so do this in a thread
 * that lives as long as the child is needed.
 */
export function startTiedChild(command: readonly string[], logFile: string): TiedChild {
  const log = openSync(logFile, "a");
  const tied = ["--pdeathsig", "KILL", "sh", "-c", guard, String(process.pid), ...command];
  const child = spawn("setpriv", tied, { stdio: ["ignore", log, log] });
  closeSync(log);
  // Without an id it could not be started; the caller finds it not running.
  child.on("error", () => undefined);
  child.unref();
  const identity = identityOf(child.pid ?? -1) ?? { pid: -1, startTicks: -1 };
  return {
    identity,
    logFile,
    isRunning: () => isRunning(identity),
    stop: (graceMilliseconds) => terminate(identity, graceMilliseconds),
  };
}
