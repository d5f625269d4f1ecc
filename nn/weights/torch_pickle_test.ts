import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ByteCursor, bytesSource } from "./byte_source.ts";
import { readPickle } from "./pickle.ts";
import { type PickleTuple, Refusal } from "./pickle_values.ts";
import { int, pickle, reasonOf, storage, tensor, text, tuple } from "./test_support.ts";
import { TorchStorage, TorchTensor, TorchWorld } from "./torch_pickle.ts";

function read(opcodes: string) {
  return readPickle(new ByteCursor(bytesSource("x.pth", pickle(opcodes))), new TorchWorld());
}

const refused = (opcodes: string) => reasonOf(() => read(opcodes));
const REBUILD = "ctorch._utils\n_rebuild_tensor_v2\n";

Deno.test("TorchWorld builds tensors and parameters", () => {
  const plain = tensor(storage("7", 6), 0, [2, 3], [3, 1]);
  const expected = new TorchTensor(new TorchStorage("7", "F32", 6), 0, [2, 3], [3, 1]);
  assertEquals(read(plain), expected);
  assertEquals(read(`ctorch._utils\n_rebuild_parameter\n${tuple(plain, "\x88", "}")}R`), expected);
  const axes = [tuple(int(2), int(3)), tuple(int(3), int(1))];
  const old = tuple(storage("7", 6), int(0), ...axes);
  assertEquals(read(`ctorch._utils\n_rebuild_tensor\n${old}R`), expected);
});

Deno.test("TorchWorld refuses tensors that are more than values", async () => {
  const head = [storage("0", 1), int(0), ")", ")"];
  const rebuild = (...more: string[]) => refused(`${REBUILD}${tuple(...head, ...more)}R`);
  assertEquals(await rebuild("\x89", tuple(text("hook"))), "it has a tensor with hooks");
  assertEquals(await rebuild("\x89", "}", "}K\x01Ns"), "it has a tensor with metadata");
  assertEquals(await rebuild(), "it has a tensor with hooks");
  assertMatch(
    await refused(`${REBUILD}${tuple("N", int(0), ")", ")", "\x89", "}")}R`),
    /without storage/,
  );
  const fraction = tuple("G\x3f\xf8\0\0\0\0\0\0");
  const odd = tuple(storage("0", 9), int(0), fraction, tuple(int(1)), "\x89", "}");
  assertMatch(await refused(`${REBUILD}${odd}R`), /without storage/);
  const parameter = `ctorch._utils\n_rebuild_parameter\n${tuple("N", "\x88", "}")}R`;
  assertEquals(await refused(parameter), "it has a parameter that is not a plain tensor");
});

Deno.test("TorchWorld refuses storages that contradict themselves", async () => {
  const twice = (second: string) => refused(tuple(storage("0", 4), second));
  assertEquals(await twice(storage("0", 5)), 'it describes storage "0" in two ways');
  assertEquals(await twice(storage("0", 4, "LongStorage")), 'it describes storage "0" in two ways');
  assertMatch(await refused(storage("0", -1)), /no storage/);
  assertMatch(await refused(storage("0", 1, "ComplexFloatStorage")), /asks for torch.ComplexFloat/);
  const view = [text("storage"), "ctorch\nFloatStorage\n", text("0"), text("cpu"), int(4)];
  assertMatch(await refused(`${tuple(...view, tuple(text("1"), int(0), int(2)))}Q`), /a view of a/);
});

Deno.test("TorchTensor refuses views that do not fit their storage", () => {
  const ten = new TorchStorage("0", "F32", 10);
  const cases: [number, number[], number[], string][] = [
    [0, [11], [1], "reaches beyond its storage"],
    [1, [10], [1], "reaches beyond its storage"],
    [10, [], [], "reaches beyond its storage"],
    [11, [0], [1], "starts beyond its storage"],
    [2 ** 53 - 1, [2], [1], "starts beyond its storage"],
    [0, [2, 2], [2 ** 53 - 1, 1], "reaches beyond its storage"],
    [0, Array(40).fill(2 ** 30), Array.from({ length: 40 }, (_, i) => 2 ** i), "overlaps itself"],
    [9, [2], [-1], "has a negative stride"],
    [0, [-1], [1], "has a negative length"],
    [0, [3], [0], "overlaps itself"],
    [0, [3, 3], [1, 1], "overlaps itself"],
    [0, [2, 3], [2, 1], "overlaps itself"],
    [0, [2], [], "has not one stride an axis"],
    [0, Array(65).fill(1), Array(65).fill(1), "has more than 64 axes"],
  ];
  for (const [offset, shape, stride, reason] of cases) {
    assertThrows(() => new TorchTensor(ten, offset, shape, stride), Refusal, reason);
  }
  // An axis of one element may have any stride, as PyTorch leaves them.
  assertEquals(new TorchTensor(ten, 9, [1, 1], [0, 500]).bytes, 4);
  assertEquals(new TorchTensor(ten, 10, [0, 4], [4, 1]).bytes, 0);
});

Deno.test("TorchTensor: a view that is let through has distinct elements within its storage", () => {
  const axis = fc.record({ length: fc.nat(4), step: fc.integer({ min: -2, max: 12 }) });
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(axis, { maxLength: 3 }), fc.nat(12), (axes, offset) => {
      const storage = new TorchStorage("0", "U8", 24);
      try {
        new TorchTensor(storage, offset, axes.map((a) => a.length), axes.map((a) => a.step));
      } catch (error) {
        if (error instanceof Refusal) return;
        throw error;
      }
      accepted++;
      let places = [offset];
      for (const { length, step } of axes) {
        places = places.flatMap((at) => Array.from({ length }, (_, i) => at + i * step));
      }
      assertEquals(new Set(places).size, places.length);
      assert(places.every((at) => at >= 0 && at < storage.length));
    }),
    { numRuns: 1000 },
  );
  assert(accepted > 50);
});

Deno.test("TorchWorld collects the storages a pickle mentions", () => {
  const world = new TorchWorld();
  const source = bytesSource("x", pickle(tuple(storage("a", 2), storage("b", 3, "HalfStorage"))));
  const { items } = readPickle(new ByteCursor(source), world) as PickleTuple;
  assertEquals([...world.storages.values()], items as TorchStorage[]);
  assertEquals([...world.storages.values()].map((each) => each.bytes), [8, 6]);
});
