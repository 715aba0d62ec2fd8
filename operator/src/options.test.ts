import { describe, expect, it } from "vitest";
import { readOptions } from "./options.ts";

const least = {
  SWEETSPOT_SERVER_IMAGE: "sidecar:1",
  SWEETSPOT_TUNER_IMAGE: "tuner:1",
  SWEETSPOT_NAMESPACE: "sweetspot-system",
  SWEETSPOT_POD_NAME: "operator-abc",
};

describe("the operator's environment", () => {
  it("needs two images, its namespace and its name; the rest has defaults", () => {
    expect(readOptions({ ...least, PATH: "/bin" })).toEqual({
      settings: {
        serverImage: "sidecar:1",
        tunerImage: "tuner:1",
        imagePullPolicy: "IfNotPresent",
        imagePullSecrets: [],
        nodeClassLabels: [],
        drainSeconds: 3,
        baselineSeconds: 300,
        prometheusUrl: null,
        modelSources: {
          allowedNetworks: [],
          maximumBytes: 2 ** 33,
          huggingFaceEndpoint: "https://huggingface.co",
        },
      },
      identity: "operator-abc",
      lease: { namespace: "sweetspot-system", name: "sweetspot-operator" },
      namespace: undefined,
      healthPort: 8081,
      logLevel: "info",
    });
  });

  it("may name lists, separated by commas, and one namespace to look after", () => {
    const options = readOptions({
      ...least,
      SWEETSPOT_IMAGE_PULL_SECRETS: "a,b",
      SWEETSPOT_NODE_CLASS_LABELS: "kubernetes.io/arch,",
      SWEETSPOT_WATCH_NAMESPACE: "shop",
      SWEETSPOT_PROMETHEUS_URL: "http://prometheus.monitoring:9090",
    });
    expect(options.settings.prometheusUrl).toBe("http://prometheus.monitoring:9090");
    expect(options.settings).toMatchObject({ imagePullSecrets: ["a", "b"], nodeClassLabels: ["kubernetes.io/arch"] });
    expect(options.namespace).toBe("shop");
  });

  it("is refused with all that is wrong with it at once", () => {
    const wrong = { ...least, SWEETSPOT_POD_NAME: "", SWEETSPOT_DRAIN_SECONDS: "soon", SWEETSPOT_HEALTH_PORT: "99999" };
    expect(() => readOptions({ ...least, SWEETSPOT_PROMETHEUS_URL: "prometheus:9090" })).toThrow(/PROMETHEUS_URL/);
    expect(() => readOptions(wrong)).toThrow(/SWEETSPOT_DRAIN_SECONDS.*SWEETSPOT_POD_NAME.*SWEETSPOT_HEALTH_PORT/);
    expect(() => readOptions({})).toThrow(/SWEETSPOT_SERVER_IMAGE.*The chart sets it/);
  });
});
