/** What the operator is configured with; the chart's values become these. */
export interface OperatorSettings {
  /** Image of the batching server. */
  readonly serverImage: string;
  /** Image of the tuning Jobs. */
  readonly tunerImage: string;
  readonly imagePullPolicy: "Always" | "IfNotPresent" | "Never";
  readonly imagePullSecrets: readonly string[];
  /** Keys of the node labels whose values tell kinds of nodes apart. */
  readonly nodeClassLabels: readonly string[];
  /** How long a pod that is told to stop still accepts requests, until every client has heard of it. */
  readonly drainSeconds: number;
  /** A plan is held against what it did after so many seconds, when its first traffic has filled the blocks. */
  readonly baselineSeconds: number;
  /** The Prometheus that counts requests for the service level; null where the pods' reports do. */
  readonly prometheusUrl: string | null;
  /** What pods may fetch models from. */
  readonly modelSources: {
    /** Networks that are not of the internet and may be read from all the same, in CIDR notation. */
    readonly allowedNetworks: readonly string[];
    /** Most bytes of a model's files together. */
    readonly maximumBytes: number;
    readonly huggingFaceEndpoint: string;
  };
}

/** Ports inside the serving pods. */
export const httpPort = 8080;
export const grpcPort = 9000;
export const metricsPort = 9090;

/** Where things are mounted in serving and tuning pods. */
export const paths = {
  model: "/model",
  plan: "/etc/sweetspot/plan",
  variants: "/variants",
  samples: "/samples",
  artifacts: "/artifacts",
  scratch: "/tmp",
  credentials: "/var/run/sweetspot/credentials",
} as const;

/** The init container that fetches a model. */
export const fetchContainerName = "fetch";

/** The user and group that all containers run as: nobody in particular, and not root. */
export const runAs = 65_532;
