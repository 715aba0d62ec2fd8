import { readFileSync } from "node:fs";
import { ensureBinaries } from "../binaries/binaries.ts";
import { writeImageArchive } from "../images/image-archive.ts";

export const probeImage = "sweetspot.test/probe:1";
const dataImage = "sweetspot.test/data:1";

/** Writes the archive of an image with the probe program alone, which runs as a user without rights. */
export async function writeProbeImage(file: string): Promise<void> {
  const { probe } = await ensureBinaries(["probe"]);
  const files = [{ name: "probe", content: readFileSync(probe), mode: 0o755 }];
  writeImageArchive(file, { reference: probeImage, files, entrypoint: ["/probe"], user: "65532:65532" });
}

/** Writes the archive of an image that holds one file with `content`, `data/note.txt`: for image volumes. */
export function writeDataImage(file: string, content: string): void {
  writeImageArchive(file, { reference: dataImage, files: [{ name: "data/note.txt", content: Buffer.from(content) }] });
}

const securityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};

/** A pod that serves HTTP on port 8080, passes Pod Security *restricted*, is Guaranteed and has one CPU for itself. */
export function pinnedPod(name: string, node: string): object {
  const size = { cpu: "1", memory: "64Mi" };
  const container = {
    name: "probe",
    image: probeImage,
    imagePullPolicy: "Never",
    args: ["serve", ":8080"],
    resources: { requests: size, limits: size },
    securityContext,
    volumeMounts: [{ name: "data", mountPath: "/mounted", readOnly: true }],
    env: [{ name: "SSL_CERT_FILE", value: "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt" }],
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels: { app: name } },
    spec: {
      nodeSelector: { "kubernetes.io/hostname": node },
      terminationGracePeriodSeconds: 0,
      containers: [container],
      volumes: [{ name: "data", image: { reference: dataImage, pullPolicy: "Never" } }],
    },
  };
}
