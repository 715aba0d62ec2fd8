import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("./watchdog-program.ts", import.meta.url));

/** What a process says to its watchdog when it has taken the cluster down itself. */
export const released = "released";

/**
 * Starts a process that takes a cluster down when this one ends, however it ends, without having released it. It learns that from
 * the end of its input, which no signal can prevent.
 */
export function startWatchdog(provider: string, name: string): Disposable {
  // A session of its own: what ends the process group of a test run must not end this too.
  const child = spawn(process.execPath, [program, provider, name], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.unref();
  const input = child.stdin as Socket;
  input.unref();
  // It may be gone already, at the worst by somebody's hand.
  input.on("error", () => undefined);
  return { [Symbol.dispose]: () => void input.end(released) };
}
