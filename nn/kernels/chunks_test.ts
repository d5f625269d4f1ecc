import { assertEquals } from "@std/assert";
import { CHUNK, chunksIn, chunkTable, forEachChunk } from "./chunks.ts";

Deno.test("chunks cover every number of every tensor once, and nothing between them", () => {
  const sizes = [1, 3, 17, CHUNK, CHUNK + 1, 3 * CHUNK];
  const stretches = sizes.map((size, index) => ({ offset: index * 4 * CHUNK, size, index }));
  const covered = sizes.map(() => 0);
  const counts = sizes.map(() => 0);
  let last = 0;
  forEachChunk(chunkTable(stretches), (start, end, tensor, chunk) => {
    const { offset, size } = stretches[tensor];
    assertEquals(start, offset + covered[tensor]);
    assertEquals(end <= offset + size, true);
    covered[tensor] += end - start;
    counts[tensor]++;
    assertEquals(chunk, last++);
  });
  assertEquals(covered, sizes);
  assertEquals(counts, sizes.map(chunksIn));
});
