import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { AuditEvent } from "../../../cluster/src/control-plane/audit-log.ts";
import { eventually } from "../eventually.ts";
import { operatorAccount, operatorSelector, systemNamespace } from "../installation.ts";
import { modelImages } from "../model-images.ts";
import { fractional, inferenceDeployment, namespace, shortest, tunable } from "../objects.ts";
import { scaleDownAndUp } from "../scale.ts";
import { settledConditions, untilConditionsAreBack } from "../settled-conditions.ts";
import { SteadyClient } from "../steady-client.ts";
import { tinyRequest } from "../tiny-request.ts";
import type { World } from "../world.ts";

const outageSeconds = 60;
const quietSeconds = 60;
const longestTuningSeconds = 300;

/** Moments of a first tuning at which the operator is killed. */
const moments = ["Applied", "Scheduled", "Ready", "Tuning", "Answered"] as const;

/** What happens to the operator itself, to its leadership and to the API server. */
export function operatorFaults(world: () => World): void {
  const name = "survivor";

  describe("an operator that is killed at five moments", () => {
    test(
      "brings everything to the same end: one run, one Job, the plan applied",
      async () => {
        const { cluster, view } = world();
        await cluster.kubectl.apply(
          inferenceDeployment({ name, image: modelImages.tiny, resources: tunable, spec: shortest }),
        );
        for (const moment of moments) {
          await eventually(`the moment ${moment}`, () => reached(world(), name, moment), {
            seconds: longestTuningSeconds,
            everyMilliseconds: 100,
          });
          await killOperator(world());
        }
        await cluster.kubectl(
          "wait",
          "-n",
          namespace,
          `infd/${name}`,
          "--for=condition=ConfigurationApplied",
          "--timeout=60s",
        );
        const runs = await view.runs(name);
        expect(runs).toHaveLength(1);
        const jobs = await cluster.kubectl(
          "get",
          "jobs",
          "-n",
          namespace,
          "-l",
          `sweetspot.dev/inference-deployment=${name}`,
          "-o",
          "name",
        );
        expect(jobs.trim().split("\n")).toHaveLength(1);
        expect((await view.report(name)).planRevision).toBe(runs[0]?.metadata.name);
      },
      1000 * (longestTuningSeconds + 130),
    );
  });

  describe("once everything stands", () => {
    test(`nothing is written for ${quietSeconds} s`, async () => {
      const { cluster } = world();
      const untuned = { tuning: { mode: "Disabled" } };
      await cluster.kubectl.apply(
        inferenceDeployment({ name: "untuned", image: modelImages.tiny, resources: fractional, spec: untuned }),
      );
      await eventually("nothing is on its way any more", () => settled(world()), { seconds: 60 });
      await sleep(5000);
      const before = new Date().toISOString();
      await sleep(quietSeconds * 1000);
      const writes = (await cluster.auditLog()).filter(
        (event) => isWrite(event) && event.requestReceivedTimestamp > before,
      );
      expect(writes.map(({ verb, requestURI }) => `${verb} ${requestURI}`)).toEqual([]);
    });
  });

  describe("two operators", () => {
    test("have one leader, and the other takes over when it is gone", async () => {
      const { cluster, installation } = world();
      await installation.upgrade("replicas=2");
      const leader = await holder(world());
      const pods = await operatorPods(world());
      expect(pods).toHaveLength(2);
      await cluster.kubectl("delete", "pod", "-n", systemNamespace, leader, "--grace-period=0", "--force");
      await eventually("the other leads", async () => (await holder(world())) !== leader, { seconds: 45 });
      await scaleDownAndUp(world(), name);
      await installation.upgrade("replicas=1");
    });
  });

  describe(`an API server that is gone for ${outageSeconds} s`, () => {
    test(
      "costs no request, and all conditions are right within 30 s of its return",
      async () => {
        const { cluster, view } = world();
        const received = async () => (await view.condition(name, "ReportsReceived")).reason === "Received";
        await eventually("the operator has its pod's report", received, { seconds: 60 });
        const before = await settledConditions(cluster, name);
        const client = new SteadyClient(await view.inferUrl(name), tinyRequest(), 50);
        await cluster.component("kube-apiserver").stop("Crash");
        await sleep(outageSeconds * 1000);
        await cluster.component("kube-apiserver").start();
        const { failures, answered } = await client.stop();
        expect(failures).toEqual([]);
        expect(answered).toBeGreaterThan(outageSeconds * 5);
        // Something for the operator alone to see, so that right conditions are not just the old ones.
        const patch = JSON.stringify({ spec: { rollout: { initial: "WaitForTuning" } } });
        await cluster.kubectl("patch", "infd", name, "-n", namespace, "--type=merge", "-p", patch);
        await eventually(
          "the operator has seen the change",
          async () => {
            const { metadata, status } = await view.infd(name);
            return status?.observedGeneration === metadata.generation;
          },
          { seconds: 30, everyMilliseconds: 500 },
        );
        expect(await untilConditionsAreBack(cluster, name, before)).toBeLessThan(30);
      },
      1000 * (outageSeconds + 240),
    );
  });
}

async function reached({ view }: World, name: string, moment: (typeof moments)[number]): Promise<boolean> {
  if (moment === "Applied") return (await view.infd(name)).metadata.uid !== undefined;
  if (moment === "Scheduled") return (await view.servers(name)).length > 0;
  if (moment === "Ready") return (await view.condition(name, "Ready")).status === "True";
  const [run] = await view.runs(name);
  const answered = run?.status?.result !== undefined;
  // It may have been measured while no operator was there to say that it runs.
  if (moment === "Tuning")
    return answered || (run?.status?.conditions?.some(({ reason }) => reason === "Running") ?? false);
  return answered;
}

async function operatorPods({ cluster }: World): Promise<string[]> {
  const names = await cluster.kubectl(
    "get",
    "pods",
    "-n",
    systemNamespace,
    "-l",
    operatorSelector,
    "--field-selector=status.phase=Running",
    "-o",
    "name",
  );
  return names
    .trim()
    .split("\n")
    .filter((line) => line !== "");
}

/** SIGKILL, as a node that fails would do it; the Deployment brings a new one. */
async function killOperator({ cluster }: World): Promise<void> {
  await cluster.kubectl("delete", "pod", "-n", systemNamespace, "-l", operatorSelector, "--grace-period=0", "--force");
}

async function holder({ cluster }: World): Promise<string> {
  const lease = await cluster.kubectl.json<{ spec: { holderIdentity?: string } }>(
    "get",
    "lease",
    "-n",
    systemNamespace,
    "sweetspot-operator",
  );
  return lease.spec.holderIdentity ?? "";
}

const readVerbs = new Set(["get", "list", "watch"]);

/** A write of the operator, but for the lease, by which it says that it lives. */
const isWrite = ({ verb, user, objectRef, stage }: AuditEvent): boolean =>
  stage === "ResponseComplete" &&
  user.username === operatorAccount &&
  !readVerbs.has(verb) &&
  objectRef?.resource !== "leases";

async function settled({ cluster }: World): Promise<boolean> {
  const { items } = await cluster.kubectl.json<{
    items: { status?: { conditions?: { type: string; status: string }[] } }[];
  }>("get", "infd", "-A");
  return items.every(({ status }) =>
    status?.conditions?.some(({ type, status: value }) => type === "Reconciling" && value === "False"),
  );
}
