import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, systemClock } from "../clock.ts";

/** TLS material, as `tls.connect` takes it. */
interface TlsOptions {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly rejectUnauthorized?: boolean;
  readonly servername?: string;
}

/** Where the API server is and how to prove who we are. */
export interface Connection {
  readonly server: string;
  readonly tls: TlsOptions;
  /** Headers that carry the credentials; asked for at each request, because tokens change. */
  headers(): Promise<Readonly<Record<string, string>>>;
}

const serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";
/** The kubelet replaces a bound token when 80 % of its life (an hour or so) is over. */
const tokenLifeMs = 30_000;

export interface InClusterOptions {
  readonly environment?: NodeJS.ProcessEnv;
  readonly directory?: string;
  readonly clock?: Clock;
}

/** True in a pod that has a service account token. */
function isInCluster(environment: NodeJS.ProcessEnv = process.env): boolean {
  return environment["KUBERNETES_SERVICE_HOST"] !== undefined;
}

/**
 * The connection of a pod: CA and token of its service account. The token is read from its file again every 30 s.
 * @throws {Error} when this is no pod, or the CA file cannot be read.
 */
export function inClusterConnection(options: InClusterOptions = {}): Connection {
  const { environment = process.env, directory = serviceAccountDirectory, clock = systemClock } = options;
  const host = environment["KUBERNETES_SERVICE_HOST"];
  if (host === undefined) {
    throw new Error("KUBERNETES_SERVICE_HOST is not set: run in a pod, or give a kubeconfig.");
  }
  const port = environment["KUBERNETES_SERVICE_PORT"] ?? "443";
  const token = rereadFile(join(directory, "token"), clock);
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    tls: { ca: readFileSync(join(directory, "ca.crt")) },
    headers: async () => ({ authorization: `Bearer ${token()}` }),
  };
}

function rereadFile(file: string, clock: Clock): () => string {
  let text = "";
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (clock.now() - readAt >= tokenLifeMs) {
      text = readFileSync(file, "utf8").trim();
      readAt = clock.now();
    }
    return text;
  };
}

export interface KubeconfigOptions {
  /** Path of a kubeconfig; default: `KUBECONFIG`, then `~/.kube/config`. */
  readonly file?: string;
  /** Name of a context; default: the current one. */
  readonly context?: string;
}

export interface KubeconfigConnection extends Connection {
  /** The namespace that its context names; null when it names none. */
  readonly namespace: string | null;
}

/**
 * The connection of a kubeconfig, with every way to log in that `@kubernetes/client-node` knows (files, exec plugins).
 * That library is loaded only here: it costs 90 MB of memory, which a pod need not pay.
 */
export async function kubeconfigConnection(options: KubeconfigOptions = {}): Promise<KubeconfigConnection> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  if (options.file === undefined) config.loadFromDefault();
  else config.loadFromFile(options.file);
  if (options.context !== undefined) config.setCurrentContext(options.context);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error("The kubeconfig's current context names no cluster: choose a context.");
  const applied = async () => {
    const target: { [name: string]: unknown; headers?: Record<string, string> } = {};
    await config.applyToHTTPSOptions(target);
    return target;
  };
  const { ca, cert, key, rejectUnauthorized, servername } = (await applied()) as TlsOptions;
  return {
    server,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? null,
    tls: definedOnly({ ca, cert, key, rejectUnauthorized, servername }),
    headers: async () => (await applied()).headers ?? {},
  };
}

function definedOnly(tls: { [K in keyof TlsOptions]: TlsOptions[K] | undefined }): TlsOptions {
  return Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
}

/** In a pod the pod's connection, elsewhere the kubeconfig's. */
export async function defaultConnection(options: KubeconfigOptions = {}): Promise<Connection> {
  if (options.file === undefined && isInCluster()) return inClusterConnection();
  return kubeconfigConnection(options);
}
