import { assert, assertEquals } from "@std/assert";
import { ndarray } from "../../base/arrays.ts";
import { zeroFlow } from "./zero.ts";

Deno.test("zeroFlow() gives a zero field for each number of iterations", async () => {
  const picture = ndarray(new Uint8Array(4 * 6 * 3).fill(200), [4, 6, 3]);
  const fields = await zeroFlow().predict(picture, picture, [1, 5]);
  assertEquals(fields.map((field) => field.shape), [[4, 6, 2], [4, 6, 2]]);
  assert(fields.every((field) => field.data.every((x) => x === 0)));
});
