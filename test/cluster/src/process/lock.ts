import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { ClusterError } from "../cluster-error.ts";

/** How a lock is taken. `wait: false` refuses when another holds it; `onWait` is called once when we wait. */
export interface LockOptions {
  readonly wait?: boolean;
  readonly onWait?: () => void;
}

/**
 * Takes an exclusive lock on a file between processes, by flock(1) from util-linux. A child holds it and ends when its
 * standard input ends, so that a holder that is killed with SIGKILL leaves no stale lock.
 * Throws `ClusterError` when `wait` is false and another process holds it.
 */
export async function lockFile(path: string, options: LockOptions = {}): Promise<AsyncDisposable> {
  mkdirSync(dirname(path), { recursive: true });
  // The child of a killed holder needs a moment to see that its input has ended.
  const flags = options.wait === false ? ["--timeout", "2"] : [];
  const child = spawn("flock", [...flags, path, "sh", "-c", "echo locked; exec cat"], {
    stdio: ["pipe", "pipe", "ignore"],
    // A group of its own: Ctrl-C in a terminal must not take the lock from a command that is still cleaning up.
    detached: true,
  });
  const timer = setTimeout(() => options.onWait?.(), 500);
  const closed = once(child, "close");
  try {
    await Promise.race([once(child.stdout, "data"), closed.then(() => Promise.reject(refused(path)))]);
  } finally {
    clearTimeout(timer);
  }
  child.unref();
  return {
    async [Symbol.asyncDispose]() {
      child.ref();
      child.stdin.end();
      await closed;
    },
  };
}

const refused = (path: string) =>
  new ClusterError(`Another command holds ${path}. Wait for it to end, or end it, then run this again.`);
