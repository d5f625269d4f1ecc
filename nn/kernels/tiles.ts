/**
 * How convolutions and matrix products go about their work: where they read their operands, and what
 * tile of the result an invocation or a workgroup owns.
 *
 * What is best depends on the adapter. `tiles.json` has it for every class of adapters, as
 * `deno task bench tune` measured it or as good guesses; the kernels know their tiles, not when to take
 * which.
 *
 * @module
 */
import { z } from "zod";
import { type AdapterClass, adapterClasses } from "../adapter_class.ts";
import table from "./tiles.json" with { type: "json" };

/**
 * Lengths of a tile in registers: pixels or rows of the result, or input channels for a filter's
 * gradient. Its width is the kernel's affair.
 */
export const registerTiles = [4, 8, 16] as const;

/** Sides of a workgroup's block. */
export const workgroupTiles = [32, 64] as const;

/**
 * What computes a piece of the result: an invocation from its registers, or a workgroup through its
 * shared memory.
 */
export const Tile: z.ZodType<Tile> = z.union([
  z.strictObject({ registers: z.literal(registerTiles) }),
  z.strictObject({ workgroup: z.literal(workgroupTiles) }),
]);
/** See the schema. */
export type Tile =
  | { readonly registers: (typeof registerTiles)[number] }
  | { readonly workgroup: (typeof workgroupTiles)[number] };

const limit = z.int().positive().optional();

/** Rows of a table: the first whose limits a shape keeps to is the one for it; the last has none. */
const rows = <K extends string>(...limits: K[]) =>
  z.array(z.strictObject({
    ...Object.fromEntries(limits.map((name) => [name, limit])) as Record<K, typeof limit>,
    tile: Tile,
  })).min(1).refine(
    (all) => limits.every((name) => (all.at(-1) as Record<string, unknown>)[name] === undefined),
    "the last row must fit every shape",
  );

/** The tiles of one class of adapters. */
export const Tiles = z.strictObject({
  /** The adapter's description, or null where nobody has measured. */
  measuredOn: z.string().nullable(),
  operands: z.enum(["buffers", "textures"]),
  /** Invocations that occupy the adapter. */
  invocations: z.int().positive(),
  /** Invocations of a workgroup whose tiles are in registers. */
  lanes: z.literal([16, 32, 64]),
  /** Invocations of a workgroup that reduces a row. */
  rowLanes: z.literal([16, 32, 64]),
  /** By output pixels of the batch and output channels. */
  convolution: rows("pixels", "channels"),
  /** By input channels, output channels and numbers of the filter. */
  filterGradient: rows("inputs", "channels", "numbers"),
  /** By rows of a product and numbers of all products. */
  product: rows("rows", "numbers"),
});
/** See the schema. */
export type Tiles = z.infer<typeof Tiles>;

/** What has a table of its own. */
export type Operation = "convolution" | "filterGradient" | "product";

/** The numbers a table goes by. */
export type Shape<T extends Operation> = Readonly<
  Record<Exclude<keyof Tiles[T][number], "tile">, number>
>;

/** The tiles of every class. */
export const TileTable = z.strictObject(
  Object.fromEntries(adapterClasses.map((name) => [name, Tiles])) as Record<
    AdapterClass,
    typeof Tiles
  >,
);
/** See the schema. */
export type TileTable = z.infer<typeof TileTable>;

/** What `tiles.json` holds. */
export const tileTable: TileTable = TileTable.parse(table);

/** A table as the text of its file: a line a row. */
export function tableText(table: TileTable): string {
  const inline = (row: object): string =>
    `{ ${
      Object.entries(row).map(([name, value]) =>
        `"${name}": ${typeof value === "object" ? inline(value) : value}`
      ).join(", ")
    } }`;
  const list = (rows: readonly object[]) => `[\n      ${rows.map(inline).join(",\n      ")}\n    ]`;
  const entry = ([name, value]: [string, Tiles[keyof Tiles]]) =>
    `    "${name}": ${Array.isArray(value) ? list(value) : JSON.stringify(value)}`;
  const classes = Object.entries(table).map(([name, tiles]) =>
    `  "${name}": {\n${Object.entries(tiles).map(entry).join(",\n")}\n  }`
  );
  return `{\n${classes.join(",\n")}\n}\n`;
}

let current: Tiles = tileTable.unknown;

/** Sets how convolutions and products work from now on; it may change at any time. */
export function useTiles(tiles: Tiles): void {
  current = tiles;
}

/** What {@link useTiles} set; the tiles of an unknown adapter before. */
export function tilesInUse(): Tiles {
  return current;
}

/** Where a kernel reads what it reads many times: four numbers at once from buffers, or textures. */
export type OperandAccess = 4 | "texels";

/**
 * Where operands are read now. Kernels that compute an operand of a convolution write it into a texture
 * as well where textures are read.
 */
export function operandAccess(): OperandAccess {
  return current.operands === "textures" ? "texels" : 4;
}

/** The tile for a shape, given by what its table's rows have limits for. */
export function tileFor<T extends Operation>(
  operation: T,
  shape: Shape<T>,
  tiles: Tiles = current,
): Tile {
  const row = tiles[operation].find(({ tile: _, ...limits }) =>
    Object.entries<number>(limits).every(([name, most]) => shape[name as keyof Shape<T>] <= most)
  );
  return row!.tile;
}
