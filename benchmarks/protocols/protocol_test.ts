import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { UsageError } from "../../base/errors.ts";
import { datasets } from "../../datasets/registry.ts";
import { FLOW_METRICS } from "../metrics/flow.ts";
import { ProtocolStamp } from "../record.ts";
import {
  defaultProtocol,
  FLOW_PROTOCOLS,
  type FlowProtocol,
  flowProtocol,
  protocolStamp,
  withIterations,
} from "./protocol.ts";

const sintel = flowProtocol("sintel-raft");

Deno.test("FLOW_PROTOCOLS are named by their ids, and their prose agrees with their settings", () => {
  for (const [id, protocol] of Object.entries(FLOW_PROTOCOLS)) {
    assertEquals(protocol.id, id);
    assertEquals(protocol.headline.averaging, FLOW_METRICS[protocol.headline.metric].averaging);
    const { iterations, padding, summary } = protocol;
    assertMatch(summary, new RegExp(`^${iterations} iteration${iterations === 1 ? "," : "s"}`));
    const says: Record<FlowProtocol["padding"], string> = {
      none: "no padding",
      sintel: "padding split on all sides",
      kitti: "rows padded at the bottom",
      resize: `resized to multiples of ${protocol.multiple}`,
      own: "the method's own way to any size",
    };
    for (const [mode, words] of Object.entries(says)) {
      assertEquals(summary.includes(words), mode === padding, `${id}: ${words}`);
    }
    assertEquals(summary.includes("valid pixels"), protocol.validity === "dataset", id);
    assertEquals(summary.includes("from the flow of the pair before"), !!protocol.warmStart, id);
    assertEquals(summary.includes("filled in"), !!protocol.holes, id);
    assertEquals(summary.includes("as KITTI's PNG files hold it"), !!protocol.clipping, id);
    ProtocolStamp.parse(protocolStamp(protocol));
  }
});

Deno.test("protocolStamp() gives settings one hash, whatever their order, name and prose", () => {
  const reordered = Object.fromEntries(Object.entries(sintel).toReversed()) as unknown;
  const renamed = { ...(reordered as FlowProtocol), id: "mine", summary: "the same, told better" };
  assertEquals(protocolStamp(renamed).hash, protocolStamp(sintel).hash);
});

Deno.test("protocolStamp() changes with every setting", () => {
  const changes: Partial<FlowProtocol>[] = [
    { version: 2 },
    { padding: "kitti" },
    { multiple: 64 },
    { iterations: 31 },
    { validity: "dataset" },
    { headline: { metric: "epe", averaging: "per image" } },
    { warmStart: true },
    { holes: "kitti" },
    { clipping: { least: -512, most: 512, step: 1 } },
    { clipping: { least: -512, most: 512, step: 2 } },
  ];
  const hashes = changes.map((change) => protocolStamp({ ...sintel, ...change }).hash);
  assertEquals(new Set([protocolStamp(sintel).hash, ...hashes]).size, changes.length + 1);
});

Deno.test("protocolStamp() keeps its hash from one release to the next", () => {
  assertEquals(
    protocolStamp(sintel).hash,
    "873b59c88823533d32d49abc81617311bef065d3a77f7e4c35aa7a6c1bda4f66",
  );
});

Deno.test("withIterations() marks the id and changes the hash", () => {
  const twelve = withIterations(sintel, 12);
  assertEquals(twelve.id, "sintel-raft@12");
  assertMatch(twelve.summary, /^12 iterations, padding/);
  assertNotEquals(protocolStamp(twelve).hash, protocolStamp(sintel).hash);
  assertEquals(flowProtocol("sintel-raft@12"), twelve);
  assertEquals(withIterations(twelve, 4).id, "sintel-raft@4");
  assertMatch(withIterations(twelve, 1).summary, /^1 iteration, /);
});

Deno.test("withIterations() leads back to the protocol itself", () => {
  assertStrictEquals(withIterations(sintel, 32), sintel);
  assertStrictEquals(withIterations(withIterations(sintel, 12), 32), sintel);
  assertStrictEquals(flowProtocol("sintel-raft@32"), sintel);
});

Deno.test("withIterations() refuses what is no number of iterations", () => {
  for (const n of [0, -1, 1.5, NaN, Infinity, 1001]) {
    assertThrows(() => withIterations(sintel, n), UsageError);
  }
  assertThrows(() => flowProtocol("sintel-raft@0"), UsageError);
});

Deno.test("flowProtocol() and defaultProtocol() refuse names they do not know", () => {
  for (const id of ["", "sintel", "constructor", "sintel-raft@", "sintel-raft@x", "@3"]) {
    assertThrows(() => flowProtocol(id), UsageError, JSON.stringify(id));
  }
  assertThrows(() => defaultProtocol("toString"), UsageError, "toString");
});

Deno.test("flowProtocol() names the protocol that was probably meant", () => {
  const error = assertThrows(() => flowProtocol("sintel-rafd@12"), UsageError);
  assertEquals(error.nextStep, 'Did you mean "sintel-raft"?');
});

Deno.test("defaultProtocol() has one for every dataset with flow", () => {
  const ids = datasets.filter(({ size }) => !size.frames).map(({ id }) => id);
  for (const id of ids) defaultProtocol(id);
  assertEquals(defaultProtocol("sintel-final").id, "sintel-raft");
  assertEquals(defaultProtocol("kitti-2015").id, "kitti15-raft");
  assertEquals(defaultProtocol("moving-shapes-large").id, "moving-shapes");
  for (const id of ids) assertEquals(defaultProtocol(id, "pwc").multiple, 64);
  assertEquals(defaultProtocol("sintel-final", "pwc").id, "sintel-pwc");
});
