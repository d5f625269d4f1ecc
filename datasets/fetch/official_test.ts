import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { basename, join } from "@std/path";
import { DataError, Interrupted, ReflowError } from "../../base/errors.ts";
import { sha256 } from "../../base/files.ts";
import { type ForgedZipEntry, forgeTar, forgeZip } from "../archives/forge.ts";
import { encodeFlo } from "../formats/flo.ts";
import { encodePpm } from "../formats/ppm.ts";
import type { Manifest, SourceFile } from "../manifest.ts";
import { loadPair, officialDataset } from "../official_files.ts";
import { readFlo } from "../formats/flo.ts";
import { openStore } from "../store.ts";
import { withFolder } from "../store/small_store.ts";
import { tinyFlow, tinyPicture } from "../tiny_files.ts";
import { BadServer, type Behaviour, HOST, sourceFile, wellBehaved } from "./bad_server.ts";
import { DownloadError } from "./address.ts";
import { fetchOfficial, importOfficial, type OfficialSource } from "./official.ts";

const pictures: ForgedZipEntry[] = ["1a", "1b", "2a", "2b"].map((name) => ({
  name: `all/pictures/${name}.ppm`,
  content: encodePpm(tinyPicture(name)),
}));
const flows: ForgedZipEntry[] = ["1", "2"].map((name) => ({
  name: `all/flow/${name}.flo`,
  content: encodeFlo(tinyFlow(name)),
}));
const unwanted: ForgedZipEntry = { name: "readme.txt", content: "hello", deflate: true };

/** Files on the server, by their paths. */
const FILES: Record<string, Uint8Array> = {
  "/pictures.zip": forgeZip([...pictures, unwanted]),
  "/flow.tar": forgeTar(flows as { name: string; content: Uint8Array }[]),
  "/split.txt": new TextEncoder().encode("1\n2\n"),
};

const serve: Behaviour = (request) => wellBehaved(FILES[request.path])(request);

const file = (name: string, archive: SourceFile["archive"], sha256: string | null = null) =>
  sourceFile({ name, url: `https://${HOST}/${name}`, sha256 }, archive);

function toy(manifest: Partial<Manifest> = {}): OfficialSource {
  const files = [
    file("split.txt", null, sha256(FILES["/split.txt"])),
    file("pictures.zip", "zip"),
    file("flow.tar", "tar", sha256(FILES["/flow.tar"])),
  ];
  return officialDataset({
    id: "toy",
    title: "Toy set",
    licence: "for tests",
    citation: "nobody",
    homepage: `https://${HOST}/`,
    splits: ["train"],
    splitting: "everything",
    sparse: false,
    size: { pairs: { train: 2 }, height: 6, width: 8 },
    folders: ["all/pictures", "all/flow"],
    manifest: { byHand: null, files, keep: /(?:^|\/)all\//, ...manifest },
    pairsIn: async (files) => {
      const split = await Deno.readTextFile(join(files.root, "split.txt")).catch(() => "none\n");
      files.notes.push(`Split file: ${split.length} bytes.`);
      return files.matches(/(\d)\.flo$/).map((id) => {
        const [a, b] = ["a", "b"].map((side) => files.require(`all/pictures/${id}${side}.ppm`));
        const flow = files.require(`all/flow/${id}.flo`);
        return { id, split: "train", load: () => loadPair(a, b, readFlo(flow)) };
      });
    },
  }) as OfficialSource;
}

async function notesOf(folder: string): Promise<string[]> {
  const { dataset } = (await openStore(join(folder, "toy"))).attributes;
  return (dataset as { notes: string[] }).notes;
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("a dataset is fetched, unpacked and imported, and its store says what is trusted", () =>
  withFolder(async (folder) => {
    await using server = new BadServer(serve);
    const said: string[] = [], steps: string[] = [];
    await fetchOfficial(toy(), folder, {
      request: server.request,
      say: (sentence) => said.push(sentence),
      report: (step) => (done, total) => void (done === total && steps.push(step)),
    });
    const train = await toy().open(folder, "train");
    assertEquals([train.length, (await train.read(1)).id], [2, "2"]);
    assertEquals(said.length, 1);
    const digest = sha256(FILES["/pictures.zip"]);
    assertStringIncludes(said[0], `pictures.zip is trusted because it came first`);
    assertStringIncludes(said[0], digest);
    assertEquals(await notesOf(folder), ["Split file: 4 bytes.", ...said]);
    const order = ["fetch split.txt", "fetch pictures.zip", "fetch flow.tar", "unpack", "import"];
    assertEquals([...new Set(steps)], order);
    const kept = ["flow.tar", "pictures.zip", "split.txt"];
    assertEquals(names(join(folder, "downloads")), kept.flatMap((name) => [name, `${name}.json`]));

    await assertRejects(() => fetchOfficial(toy(), folder), DataError, "it exists already");
    await Deno.remove(join(folder, "toy"), { recursive: true });
    await fetchOfficial(toy(), folder, { request: server.request });
    assertEquals(server.requests.length, 3, "what is there is not fetched again");
  }));

Deno.test("a wrong file stops it all, and an accepted one goes through with a note", () =>
  withFolder(async (folder) => {
    await using server = new BadServer(serve);
    const wrong = toy({
      files: [file("pictures.zip", "zip", "0".repeat(64)), file("flow.tar", "tar")],
    });
    const how = { request: server.request };
    const digest = sha256(FILES["/pictures.zip"]);
    await assertRejects(
      () => fetchOfficial(wrong, folder, { ...how, accept: digest }),
      DataError,
      "none of the dataset's files there has the SHA-256",
    );
    const error = await assertRejects(() => fetchOfficial(wrong, folder, how), DownloadError);
    assertEquals(names(folder), ["downloads"]);
    const accept = /--accept ([0-9a-f]{64})/.exec(error.nextStep)![1];
    assertEquals(accept, digest);
    await fetchOfficial(wrong, folder, { ...how, accept });
    assertStringIncludes((await notesOf(folder))[1], "is used because the user accepted it");
    await Deno.remove(join(folder, "toy"), { recursive: true });
    await fetchOfficial(wrong, folder, { ...how, accept });
  }));

Deno.test("a hostile archive leaves its file and no store", () =>
  withFolder(async (folder) => {
    const evil = forgeZip([...pictures, { name: "../../evil", content: "x" }]);
    await using server = new BadServer((request) => {
      return request.path === "/pictures.zip" ? wellBehaved(evil)(request) : serve(request);
    });
    const fetching = () => fetchOfficial(toy(), join(folder, "data"), { request: server.request });
    await assertRejects(fetching, DataError, "it climbs out");
    assertEquals(names(folder), ["data"]);
    assertEquals(names(join(folder, "data")), ["downloads"]);
    assert(names(join(folder, "data", "downloads")).every((name) => !name.includes("unpacked")));
  }));

Deno.test("what is stopped after the download goes on from there", () =>
  withFolder(async (folder) => {
    await using server = new BadServer(serve);
    for (const at of ["unpack", "import"]) {
      const stop = new AbortController();
      const fetching = () =>
        fetchOfficial(toy(), folder, {
          request: server.request,
          signal: stop.signal,
          report: (step) => () => void (step === at && stop.abort(new Interrupted("x"))),
        });
      const error = await assertRejects(fetching, Interrupted, "what was downloaded is kept");
      assertEquals([error.exitCode, names(folder), server.requests.length], [
        130,
        ["downloads"],
        3,
      ]);
    }
    await fetchOfficial(toy(), folder, { request: server.request });
    assertEquals([names(folder), server.requests.length], [["downloads", "toy"], 3]);
  }));

Deno.test("what a person must download is answered with page, licence and command", () =>
  withFolder(async (folder) => {
    const error = await assertRejects(
      () => fetchOfficial(toy({ byHand: "its page wants a name" }), folder),
      ReflowError,
      "Cannot fetch toy: its page wants a name",
    );
    assertEquals(error.exitCode, 3);
    for (const part of ["for tests", `https://${HOST}/`, "pictures.zip and", "import toy --from"]) {
      assertStringIncludes(error.nextStep, part);
    }
  }));

Deno.test("archives and what they unpack to are imported alike", () =>
  withFolder(async (folder) => {
    const down = join(folder, "down");
    await Deno.mkdir(down);
    for (const [path, bytes] of Object.entries(FILES)) {
      await Deno.writeFile(join(down, basename(path)), bytes);
    }
    await importOfficial(toy(), down, join(folder, "packed"));
    assertEquals(await notesOf(join(folder, "packed")), ["Split file: 4 bytes."]);

    for (const { name, content } of [...pictures, ...flows]) {
      await Deno.mkdir(join(folder, "plain", name, ".."), { recursive: true });
      await Deno.writeFile(join(folder, "plain", name), content as Uint8Array);
    }
    await Deno.copyFile(join(down, "split.txt"), join(folder, "plain", "split.txt"));
    await importOfficial(toy(), join(folder, "plain"), join(folder, "unpacked"));
    const digest = async (name: string) => (await openStore(join(folder, name, "toy"))).digest;
    assertEquals(await digest("packed"), await digest("unpacked"));

    const all = join(folder, "renamed.zip");
    await Deno.writeFile(all, forgeZip([...pictures, ...flows]));
    await importOfficial(toy(), all, join(folder, "single"));
    assertEquals(await notesOf(join(folder, "single")), ["Split file: 5 bytes."]);

    await Deno.remove(join(down, "flow.tar"));
    await assertRejects(
      () => importOfficial(toy(), down, join(folder, "part")),
      DataError,
      "all/flow is missing",
    );
  }));
