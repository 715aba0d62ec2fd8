import { describe, expect, it } from "vitest";
import { configMap, configMaps, fakeWorld } from "../testing/fixtures.ts";
import { type EventObject, eventOf } from "./event-record.ts";
import { EventRecorder } from "./event-recorder.ts";

const occurrence = (note = "Measured.") => ({
  resource: configMaps,
  object: configMap("a", {}, { uid: "u1", resourceVersion: "5" }),
  type: "Normal" as const,
  reason: "Tuned",
  action: "Tune",
  note,
});

function setUp() {
  const world = fakeWorld();
  const dropped: string[] = [];
  const recorder = new EventRecorder({
    client: world.client,
    clock: world.clock,
    source: { controller: "example.dev/operator", instance: "pod-1" },
    queueLimit: 10,
    onDropped: (why) => dropped.push(why),
  });
  const stop = new AbortController();
  const running = recorder.run(stop.signal);
  const end = async () => {
    stop.abort();
    await world.clock.advance(200);
    await running;
  };
  return { ...world, recorder, dropped, end };
}

describe("the event recorder (promises E1 to E5)", () => {
  it("writes an Event that names its object (E1)", async () => {
    const { clock, server, recorder, end } = setUp();
    recorder.record(occurrence());
    await clock.advance(1_000);
    const [request] = server.writes;
    expect([request?.method, request?.path]).toEqual(["POST", "/apis/events.k8s.io/v1/namespaces/shop/events"]);
    const event = eventOf(
      occurrence(),
      { controller: "example.dev/operator", instance: "pod-1" },
      Date.UTC(2026, 0, 1),
    );
    const written = server.get("events", `shop/${event.metadata.name}`) as EventObject;
    expect(written).toMatchObject({
      eventTime: "2026-01-01T00:00:00.000000Z",
      regarding: { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "a", uid: "u1" },
      reportingController: "example.dev/operator",
    });
    await end();
  });

  it("makes a series of repetitions, written at most every 30 s (E2)", async () => {
    const { clock, server, recorder, end } = setUp();
    for (let second = 0; second < 300; second++) {
      recorder.record(occurrence());
      await clock.advance(1_000);
    }
    expect(server.writes.length).toBeLessThanOrEqual(11);
    const { name } = eventOf(
      occurrence(),
      { controller: "example.dev/operator", instance: "pod-1" },
      Date.UTC(2026, 0, 1),
    ).metadata;
    const written = server.get("events", `shop/${name}`) as EventObject;
    expect(written.series?.count).toBeGreaterThanOrEqual(270);
    await end();
  });

  it("writes the count of a repetition that came soon after the Event, although none follows (E2)", async () => {
    const { clock, server, recorder, end } = setUp();
    recorder.record(occurrence());
    await clock.advance(5_000);
    for (let repetition = 0; repetition < 3; repetition++) recorder.record(occurrence());
    await clock.advance(20_000);
    expect(server.writes.map(({ method }) => method)).toEqual(["POST"]);
    await clock.advance(10_000);
    expect(server.writes.map(({ method }) => method)).toEqual(["POST", "PATCH"]);
    const name = server.writes.at(-1)?.path.split("/").at(-1);
    expect((server.get("events", `shop/${name}`) as EventObject).series?.count).toBe(4);
    await end();
  });

  it("leaves no timer behind when it stops", async () => {
    const { clock, server, recorder, end } = setUp();
    recorder.record(occurrence());
    await clock.advance(1_000);
    recorder.record(occurrence());
    await end();
    await clock.advance(60_000);
    expect(server.writes).toHaveLength(1);
  });

  it("begins a new Event when the last one is long ago, or gone (E2)", async () => {
    const { clock, server, recorder, end } = setUp();
    recorder.record(occurrence());
    await clock.advance(400_000);
    recorder.record(occurrence());
    await clock.advance(40_000);
    for (const { method } of server.writes) expect(method).toBe("POST");
    expect(server.writes.length).toBe(2);
    recorder.record(occurrence());
    server.intercept = ({ method }) => (method === "PATCH" ? { status: 404, body: empty() } : undefined);
    await clock.advance(1_000);
    expect(server.writes.slice(2).map(({ method }) => method)).toEqual(["PATCH", "POST"]);
    await end();
  });

  it("never throws and never waits; what it cannot write is dropped and counted (E3)", async () => {
    const { clock, server, recorder, dropped, end } = setUp();
    server.down = true;
    for (let at = 0; at < 50; at++) recorder.record(occurrence(`note ${at}`));
    await clock.advance(120_000);
    expect(dropped.filter((why) => why === "full").length).toBeGreaterThanOrEqual(39);
    expect(dropped.filter((why) => why === "failed").length).toBe(50 - dropped.filter((why) => why === "full").length);
    server.down = false;
    recorder.record(occurrence("after"));
    await clock.advance(10_000);
    expect(server.writes.at(-1)?.method).toBe("POST");
    await end();
  });

  it("does not crowd out other requests: at most ten a second (E4)", async () => {
    const { clock, server, recorder, end } = setUp();
    for (let at = 0; at < 10; at++) recorder.record(occurrence(`note ${at}`));
    await clock.advance(500);
    expect(server.writes.length).toBeLessThanOrEqual(6);
    await end();
  });

  it("cuts texts to what the API server takes, at a character (E5)", () => {
    const event = eventOf(occurrence("\u{1F600}".repeat(400)), { controller: "c", instance: "i".repeat(500) }, 0);
    expect(Buffer.byteLength(event.note)).toBeLessThanOrEqual(1_024);
    expect(event.note).toMatch(/^(\u{1F600})+\u2026$/u);
    expect([event.reportingInstance.length, event.metadata.name.length <= 253]).toEqual([128, true]);
  });
});

async function* empty(): AsyncGenerator<Uint8Array> {}
