import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { inClusterConnection, kubeconfigConnection } from "./connection.ts";

it("reads a pod's token again after 30 s (A11)", async () => {
  const directory = mkdtempSync(join(tmpdir(), "runtime-connection-"));
  const clock = new VirtualClock();
  writeFileSync(join(directory, "ca.crt"), "authority");
  writeFileSync(join(directory, "token"), "first\n");
  const environment = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "6443" };
  const connection = inClusterConnection({ environment, directory, clock });
  expect([connection.server, String(connection.tls.ca)]).toEqual(["https://[fd00::1]:6443", "authority"]);
  expect(await connection.headers()).toEqual({ authorization: "Bearer first" });
  writeFileSync(join(directory, "token"), "second\n");
  await clock.advance(29_000);
  expect(await connection.headers()).toEqual({ authorization: "Bearer first" });
  await clock.advance(1_000);
  expect(await connection.headers()).toEqual({ authorization: "Bearer second" });
  rmSync(directory, { recursive: true });
});

it("says what to do outside of a pod", () => {
  expect(() => inClusterConnection({ environment: {} })).toThrow(/run in a pod, or give a kubeconfig/);
});

it("takes server, authority and token from a kubeconfig (A11)", async () => {
  const directory = mkdtempSync(join(tmpdir(), "runtime-connection-"));
  const file = join(directory, "config");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "here",
    contexts: [{ name: "here", context: { cluster: "c", user: "u" } }],
    clusters: [
      {
        name: "c",
        cluster: {
          server: "https://127.0.0.1:1",
          "certificate-authority-data": Buffer.from("authority").toString("base64"),
        },
      },
    ],
    users: [{ name: "u", user: { token: "secret" } }],
  };
  writeFileSync(file, JSON.stringify(config));
  const connection = await kubeconfigConnection({ file });
  expect([connection.server, String(connection.tls.ca)]).toEqual(["https://127.0.0.1:1", "authority"]);
  expect(await connection.headers()).toEqual({ Authorization: "Bearer secret" });
  rmSync(directory, { recursive: true });
});
