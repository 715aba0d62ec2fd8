import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { cacheRoot } from "../binaries/cache.ts";
import { ClusterError } from "../cluster-error.ts";
import { ownFolders } from "./namespaces.ts";
import { stateRoot } from "./record.ts";

/** Programs of the host that a local cluster uses, and the Debian package of each. */
const hostPrograms: Readonly<Record<string, string>> = {
  runc: "runc",
  iptables: "iptables",
  conntrack: "conntrack",
  ip: "iproute2",
  nsenter: "util-linux",
  unshare: "util-linux",
  setpriv: "util-linux",
  flock: "util-linux",
  mount: "mount",
};

/** Where distributions put the CNI plugins. */
const cniFolders = ["/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"];

/** Folders with CNI plugins on this host. */
export const existingCniFolders = (): string[] => cniFolders.filter((folder) => existsSync(join(folder, "ptp")));

/** Debian packages that are missing on this host for a local cluster. */
export function missingPackages(path = process.env["PATH"] ?? ""): string[] {
  const found = (program: string) => path.split(delimiter).some((folder) => existsSync(join(folder, program)));
  const missing = Object.entries(hostPrograms).filter(([program]) => !found(program));
  const plugins = existingCniFolders().length === 0 ? ["containernetworking-plugins"] : [];
  return [...new Set([...missing.map(([, name]) => name), ...plugins])];
}

/** One sentence for each thing that stands in the way of a local cluster on this host; empty when it can start. */
export function obstacles(): string[] {
  if (process.platform !== "linux") return ["A local cluster needs Linux."];
  const packages = missingPackages();
  return [
    ...(process.getuid?.() === 0 ? [] : ["A local cluster needs root: it makes namespaces, mounts and cgroups."]),
    ...(packages.length === 0
      ? []
      : [`Packages are missing. Run \`npm run setup -- --for cluster\` or: apt-get install ${packages.join(" ")}`]),
    ...hiddenFolders([stateRoot(), cacheRoot()]),
  ];
}

/** Nodes have their own version of some folders, so nothing that they read may lie there. */
function hiddenFolders(folders: readonly string[]): string[] {
  const hidden = (folder: string) => Object.values(ownFolders).find((own) => `${folder}/`.startsWith(`${own}/`));
  return folders
    .filter((folder) => hidden(folder) !== undefined)
    .map(
      (folder) =>
        `${folder} cannot be used, because nodes have a ${hidden(folder)} of their own. Set XDG_STATE_HOME and XDG_CACHE_HOME.`,
    );
}

/** Throws `ClusterError` with all obstacles. */
export function checkRequirements(): void {
  const found = obstacles();
  if (found.length > 0) throw new ClusterError(found.join("\n"));
}

/** Whether this process may lower OOM scores (CAP_SYS_RESOURCE, bit 24 of the effective set). */
export function mayLowerOomScores(status = readFileSync("/proc/self/status", "utf8")): boolean {
  const capabilities = /^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0";
  return ((BigInt(`0x${capabilities}`) >> 24n) & 1n) === 1n;
}
