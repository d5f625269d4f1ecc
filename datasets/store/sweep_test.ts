import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { partialName } from "../../base/files.ts";
import { withFolder } from "./small_store.ts";
import { BUILDING_NAME, claim, sweepPartials } from "./sweep.ts";

Deno.test("a sweep removes this store's dead partials and nothing else", () =>
  withFolder(async (folder) => {
    const path = join(folder, "small");
    const partial = async (of: string, file?: string): Promise<string> => {
      const name = partialName(join(folder, of));
      await Deno.mkdir(name);
      if (file) await Deno.writeTextFile(join(name, file), "");
      return name;
    };
    const dead = await partial("small", BUILDING_NAME);
    const old = await partial("small", "zarr.json");
    await Deno.utime(old, 0, 0);
    const kept = [
      await partial("small", "zarr.json"),
      await partial("small-clean", BUILDING_NAME),
    ];
    const live = await partial("small");
    using _claim = await claim(live);
    await Deno.utime(live, 0, 0);

    await sweepPartials(path);
    const left = [...Deno.readDirSync(folder)].map(({ name }) => join(folder, name));
    assertEquals(left.sort(), [...kept, live].sort());
    assertEquals([dead, old].some((name) => left.includes(name)), false);
    await sweepPartials(join(folder, "nowhere", "small"));
  }));
