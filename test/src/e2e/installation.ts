import { fileURLToPath } from "node:url";
import { buildImages, referenceOf } from "@sweetspot/images";
import type { Cluster } from "../../cluster/src/cluster.ts";
import { run } from "../../cluster/src/process/run.ts";

const chart = fileURLToPath(new URL("../../../charts/sweetspot", import.meta.url));
export const release = "sweetspot";
export const systemNamespace = "sweetspot-system";
/** The chart's name for the operator's Deployment, service account and lease. */
export const operatorName = "sweetspot-operator";
export const operatorSelector = "app.kubernetes.io/name=sweetspot";
/** As the API server knows the operator. */
export const operatorAccount = `system:serviceaccount:${systemNamespace}:${operatorName}`;

/** Sweetspot on a cluster, installed as a user would install it. */
export interface Installation {
  readonly cluster: Cluster;
  /** Runs helm against the cluster; gives what it printed, and throws when it fails. */
  readonly helm: (...args: string[]) => Promise<string>;
  /** The command line that changes values of the release and leaves the others. */
  readonly upgrade: (...sets: string[]) => Promise<string>;
}

const images = ["operator", "sidecar", "tuner"] as const;

/** Builds what has changed of the images of operator, server and tuner: for the nodes of a cluster, from its beginning. */
export async function imageArchives(say: (text: string) => void = () => undefined): Promise<string[]> {
  say("building the images of operator, server and tuner (unchanged ones are kept)");
  const built = await buildImages({ targets: [...images], progress: say });
  return images.map((name) => built[name].archive);
}

/**
 * Installs the chart on a cluster whose nodes have the images of `imageArchives`, with values of the release as `helm --set` takes
 * them; returns when all is there and ready.
 */
export async function install(
  cluster: Cluster,
  say: (text: string) => void,
  values: readonly string[] = [],
): Promise<Installation> {
  const helm = helmOf(cluster);
  say("installing the chart with helm");
  const place = ["--namespace", systemNamespace, "--create-namespace"];
  await helm("install", release, chart, ...place, ...localImages(), ...set(values), ...wait);
  const upgrade = (...sets: string[]) =>
    helm("upgrade", release, chart, "--namespace", systemNamespace, "--reuse-values", ...set(sets), ...wait);
  return { cluster, helm, upgrade };
}

/** Where the operator's only pod answers; throws when there is none. */
export async function operatorPodAddress(cluster: Cluster): Promise<string> {
  const pods = ["get", "pods", "-n", systemNamespace, "-l", operatorSelector];
  const address = await cluster.kubectl(...pods, "-o", "jsonpath={.items[0].status.podIP}");
  if (address === "") throw new Error("The operator has no pod with an address.");
  return address;
}

const set = (values: readonly string[]): string[] => values.flatMap((value) => ["--set", value]);

const wait = ["--wait", "--timeout", "120s"];

/** The nodes have the images already and no registry to ask. The first node has room beside its pods with whole CPUs. */
const localImages = () => [
  "--set",
  "nodeSelector.kubernetes\\.io/hostname=node1",
  "--set",
  "images.pullPolicy=Never",
  "--set",
  `images.tag=${referenceOf("operator").split(":").at(-1)}`,
];

const helmOf =
  (cluster: Cluster) =>
  (...args: string[]): Promise<string> =>
    run(["helm", ...args], { env: cluster.environment });
