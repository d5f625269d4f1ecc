import { assertEquals } from "@std/assert";
import { dataSize } from "./data_size.ts";

Deno.test("dataSize() keeps two or three digits and never shows 1000 of a unit", () => {
  const cases: [number, string][] = [
    [0, "0 bytes"],
    [1, "1 byte"],
    [999, "999 bytes"],
    [1000, "1.0 kB"],
    [45_744, "45.7 kB"],
    [99_949, "99.9 kB"],
    [99_950, "100 kB"],
    [999_499, "999 kB"],
    [999_500, "1.0 MB"],
    [5_627_783_629, "5.6 GB"],
    [311e9, "311 GB"],
    [4.2e15, "4200 TB"],
  ];
  for (const [bytes, text] of cases) assertEquals(dataSize(bytes), text);
});
