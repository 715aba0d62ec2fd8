import { readFileSync } from "node:fs";
import { request } from "node:https";

/** What the API server says of a request that it refuses (metav1.Status). */
export type ApiAnswer = {
  readonly code: number;
  readonly body: { message?: string; details?: { causes?: { field?: string; message?: string }[] } } & Record<
    string,
    unknown
  >;
};

/** Calls an API server with the first user of a kubeconfig that is written as JSON. */
export function apiClient(kubeconfigFile: string) {
  const config = JSON.parse(readFileSync(kubeconfigFile, "utf8"));
  const { server, "certificate-authority-data": authority } = config.clusters[0].cluster;
  const ca = Buffer.from(authority, "base64");
  const headers = { authorization: `Bearer ${config.users[0].user.token}`, "content-type": "application/json" };
  return (method: string, path: string, document?: object): Promise<ApiAnswer> =>
    new Promise((resolve, reject) => {
      const call = request(new URL(path, server), { method, headers, ca }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({ code: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString("utf8")) });
        });
      });
      call.on("error", reject);
      call.end(document === undefined ? undefined : JSON.stringify(document));
    });
}
