import { describe, expect, it } from "vitest";
import { configMaps, fakeWorld } from "../testing/fixtures.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { OutageGate } from "./outage-gate.ts";

const never = new AbortController().signal;

describe("the outage gate (promises A6, A7)", () => {
  it("is not there while the API server answers", async () => {
    const gate = new OutageGate(new VirtualClock());
    await gate.enter(0, never);
    expect(gate.downSince).toBeNull();
  });

  it("lets one request per second through while it is down, and all at once when it is back (A6)", async () => {
    const clock = new VirtualClock();
    const gate = new OutageGate(clock, 1_000);
    gate.report(false);
    const passed: number[] = [];
    const enter = () => gate.enter(60_000, never).then(() => passed.push(clock.now()));
    const all = Promise.all([enter(), enter(), enter(), enter()]);
    await clock.advance(2_500);
    expect(passed).toEqual([1_000, 2_000]);
    gate.report(true);
    await all;
    expect(passed).toEqual([1_000, 2_000, 2_500, 2_500]);
  });

  it("fails at once what could not get its turn before its deadline (A6)", async () => {
    const clock = new VirtualClock();
    const gate = new OutageGate(clock, 1_000);
    gate.report(false);
    const waiting = gate.enter(5_000, never);
    await expect(gate.enter(1_500, never)).rejects.toMatchObject({ reason: "Unreachable", status: 0 });
    await clock.advance(1_000);
    await waiting;
  });

  it("lets the urgent go first, and forgets who gave up (A6)", async () => {
    const clock = new VirtualClock();
    const gate = new OutageGate(clock, 1_000);
    gate.report(false);
    const order: string[] = [];
    const giveUp = new AbortController();
    const given = gate.enter(60_000, giveUp.signal).catch(() => order.push("gave up"));
    const patient = gate.enter(60_000, never).then(() => order.push("patient"));
    const urgent = gate.enter(60_000, never, true).then(() => order.push("urgent"));
    giveUp.abort(new Error("enough"));
    await clock.advance(2_000);
    await Promise.all([given, patient, urgent]);
    expect(order).toEqual(["gave up", "urgent", "patient"]);
  });

  it("holds for all clients of a process together (A6)", async () => {
    const { clock, server, client } = fakeWorld();
    server.down = true;
    const outcomes: unknown[] = [];
    for (let at = 0; at < 100; at++) client.list(configMaps).catch((error) => outcomes.push(error.reason));
    await clock.advance(1);
    const sentAtOnce = server.requests.length;
    for (let second = 0; second < 60; second++) {
      for (let at = 0; at < 20; at++) client.get(configMaps, { namespace: "shop", name: "a" }).catch(() => {});
      await clock.advance(1_000);
    }
    expect(server.requests.length - sentAtOnce).toBeLessThanOrEqual(60);
    expect(new Set(outcomes)).toEqual(new Set(["Unreachable"]));
  });
});
