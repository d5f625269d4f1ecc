import { assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import { adapterClasses } from "../adapter_class.ts";
import { BLOCK_WORKGROUP } from "./block.ts";
import {
  type Operation,
  tableText,
  type Tile,
  tileFor,
  Tiles,
  TileTable,
  tileTable,
} from "./tiles.ts";

const tiles: Tiles = {
  ...tileTable.unknown,
  convolution: [
    { pixels: 128, channels: 4, tile: { registers: 4 } },
    { pixels: 128, tile: { registers: 8 } },
    { tile: { workgroup: 64 } },
  ],
};

Deno.test("a shape's tile is that of the first row whose limits it keeps to", () => {
  const at = (pixels: number, channels: number) =>
    tileFor("convolution", { pixels, channels }, tiles);
  assertEquals(at(128, 4), { registers: 4 });
  assertEquals(at(1, 5), { registers: 8 });
  assertEquals(at(129, 1), { workgroup: 64 });
});

Deno.test("the table's file is as it would be written", async () => {
  const text = await Deno.readTextFile(new URL("tiles.json", import.meta.url));
  assertEquals(tableText(tileTable), text);
  assertEquals(TileTable.parse(JSON.parse(text)), tileTable);
});

Deno.test("every class has tiles; only those for software read textures", () => {
  assertEquals(Object.keys(tileTable), [...adapterClasses]);
  for (const name of adapterClasses) {
    assertEquals(tileTable[name].operands, name === "software" ? "textures" : "buffers");
  }
});

/** Numbers that an invocation sums up in registers: rows of a tile by its columns, or its share. */
function sums(operation: Operation, tile: Tile, channels: number): number {
  if ("workgroup" in tile) return tile.workgroup ** 2 / BLOCK_WORKGROUP;
  return tile.registers *
    (operation === "product" ? 8 : channels <= 4 ? 4 : channels <= 8 ? 8 : 16);
}

Deno.test("tiles for GPUs leave registers for more than sums", () => {
  const shapes = [1, 4, 5, 8, 9, 512].flatMap((inputs) =>
    [1, 4, 5, 8, 9, 512].flatMap((channels) =>
      [8, 1024, 1e6].map((pixels) => ({ inputs, channels, pixels, rows: pixels, numbers: pixels }))
    )
  );
  for (const name of adapterClasses.filter((name) => name !== "software")) {
    for (const operation of ["convolution", "filterGradient", "product"] as const) {
      for (const shape of shapes) {
        const tile = tileFor(operation, shape, tileTable[name]);
        assertLessOrEqual(sums(operation, tile, shape.channels), 64, `${name} ${operation}`);
      }
    }
  }
});

const faults: Record<string, object> = {
  "a last row with a limit": { convolution: [{ pixels: 8, tile: { registers: 4 } }] },
  "no row": { product: [] },
  "a tile that does not exist": { product: [{ tile: { registers: 5 } }] },
  "two tiles in a row": { product: [{ tile: { registers: 4, workgroup: 32 } }] },
  "a limit of another operation": {
    product: [{ pixels: 8, tile: { registers: 4 } }, { tile: { registers: 4 } }],
  },
  "an unknown key": { speed: 1 },
};

for (const [fault, change] of Object.entries(faults)) {
  Deno.test(`tiles with ${fault} are refused`, () => {
    assertThrows(() => Tiles.parse({ ...tiles, ...change }));
  });
}
