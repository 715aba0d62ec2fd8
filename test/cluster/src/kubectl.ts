import { type RunResult, run, tryRun } from "./process/run.ts";

/** Calls kubectl with one kubeconfig. */
export interface Kubectl {
  /** Standard output of kubectl. Throws `CommandFailed`, with what kubectl said, when it fails. */
  (...args: string[]): Promise<string>;
  /** As above without throwing: for what is expected to be refused. */
  readonly attempt: (...args: string[]) => Promise<RunResult>;
  /** The parsed output of `kubectl ARGS -o json`. */
  readonly json: <T = Record<string, unknown>>(...args: string[]) => Promise<T>;
  /** `kubectl apply --server-side` of objects, or of YAML. */
  readonly apply: (manifest: string | object | readonly object[], ...args: string[]) => Promise<string>;
}

/** `binary`: path of kubectl. */
export function kubectlFor(binary: string, kubeconfig: string): Kubectl {
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const call = (...args: string[]) => run([binary, ...args], { env });
  return Object.assign(call, {
    attempt: (...args: string[]) => tryRun([binary, ...args], { env }),
    json: async <T>(...args: string[]) => JSON.parse(await call(...args, "-o", "json")) as T,
    apply: (manifest: string | object | readonly object[], ...args: string[]) =>
      run([binary, "apply", "--server-side", "-f", "-", ...args], { env, input: manifestText(manifest) }),
  });
}

function manifestText(manifest: string | object | readonly object[]): string {
  if (typeof manifest === "string") return manifest;
  const items = Array.isArray(manifest) ? manifest : [manifest];
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}
