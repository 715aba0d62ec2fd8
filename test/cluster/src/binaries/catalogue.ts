/** A program of the test cluster, built from a package of one of the Go modules in `go/`. */
export interface BinarySource {
  readonly module: "kubernetes" | "containerd" | "dns" | "probe" | "s3";
  readonly package: string;
  /** Go variables that take the version of `versionOf`: without them a node would report v0.0.0-master. */
  readonly stamp?: { readonly versionOf: string; readonly variables: readonly string[] };
}

const ofKubernetes = (program: string): BinarySource => ({
  module: "kubernetes",
  package: `k8s.io/kubernetes/cmd/${program}`,
  stamp: {
    versionOf: "k8s.io/kubernetes",
    variables: ["k8s.io/component-base/version.gitVersion", "k8s.io/client-go/pkg/version.gitVersion"],
  },
});

const ofContainerd = (program: string): BinarySource => ({
  module: "containerd",
  package: `github.com/containerd/containerd/v2/cmd/${program}`,
  stamp: {
    versionOf: "github.com/containerd/containerd/v2",
    variables: ["github.com/containerd/containerd/v2/version.Version"],
  },
});

/** All programs, in the order in which they are built: what the others share comes first. */
export const catalogue = {
  etcd: { module: "kubernetes", package: "go.etcd.io/etcd/server/v3" },
  "kube-apiserver": ofKubernetes("kube-apiserver"),
  kubectl: ofKubernetes("kubectl"),
  "kube-controller-manager": ofKubernetes("kube-controller-manager"),
  "kube-scheduler": ofKubernetes("kube-scheduler"),
  kubelet: ofKubernetes("kubelet"),
  "kube-proxy": ofKubernetes("kube-proxy"),
  containerd: ofContainerd("containerd"),
  "containerd-shim-runc-v2": ofContainerd("containerd-shim-runc-v2"),
  ctr: ofContainerd("ctr"),
  coredns: { module: "dns", package: "." },
  pause: { module: "probe", package: "./pause" },
  probe: { module: "probe", package: "./probe" },
  noise: { module: "probe", package: "./noise" },
  helm: {
    module: "kubernetes",
    package: "helm.sh/helm/v4/cmd/helm",
    stamp: { versionOf: "helm.sh/helm/v4", variables: ["helm.sh/helm/v4/internal/version.version"] },
  },
  kwok: { module: "kubernetes", package: "sigs.k8s.io/kwok/cmd/kwok" },
  versitygw: { module: "s3", package: "github.com/versity/versitygw/cmd/versitygw" },
} as const satisfies Record<string, BinarySource>;

export type BinaryName = keyof typeof catalogue;

/** What `ApiServer` needs: these can be had without the rest, and without root. */
export const controlPlaneBinaries = ["etcd", "kube-apiserver", "kubectl"] as const satisfies readonly BinaryName[];

/** Everything; helm, kwok and versitygw (an S3 service) are for the tests that use them. */
export const allBinaries = Object.keys(catalogue) as BinaryName[];

/** The required version of a module in the text of a `go.mod`. Throws when it is not required there. */
export function requiredVersion(goMod: string, module: string): string {
  const line = goMod.split("\n").find((text) =>
    text
      .trim()
      .replace(/^require\s+/, "")
      .startsWith(`${module} v`),
  );
  const version = line && / (v\S+)/.exec(line)?.[1];
  if (!version) throw new Error(`go.mod requires no ${module}`);
  return version;
}

/** Arguments of `go` that build one program to the file `output`. `goMod`: the text of its module's go.mod. */
export function buildArguments(source: BinarySource, goMod: string, output: string): string[] {
  const { stamp } = source;
  const version = stamp && requiredVersion(goMod, stamp.versionOf);
  const stamps = stamp?.variables.map((variable) => ` -X ${variable}=${version}`) ?? [];
  return ["build", "-trimpath", "-ldflags", `-s -w${stamps.join("")}`, "-o", output, source.package];
}
