import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DataError, Interrupted } from "../../base/errors.ts";
import { sha256 } from "../../base/files.ts";
import { randomStream } from "../../base/random.ts";
import { withFolder } from "../store/small_store.ts";
import { DownloadError } from "./address.ts";
import {
  type Answer,
  BadServer,
  type Behaviour,
  fakeArchive,
  HOST,
  type Request,
  sourceFile,
  wellBehaved,
} from "./bad_server.ts";
import { download, type Downloaded, type Persistence } from "./download.ts";

const FILE = fakeArchive(1 << 19);
const DIGEST = sha256(FILE);

/** Tries often and hardly waits. */
const eager: Persistence = {
  answer: 5000,
  stall: 5000,
  leastBytes: 1,
  attempts: 4,
  progress: 1,
  pause: 1,
  longestPause: 5,
};

interface Scene {
  readonly folder: string;
  readonly server: BadServer;
  /** What the user was told. */
  readonly said: string[];
  fetch(
    about?: Parameters<typeof sourceFile>[0],
    options?: { persistence?: Persistence; accept?: string; signal?: AbortSignal },
  ): Promise<Downloaded>;
  /** Names in the folder of downloads, and in quarantine. */
  names(): { downloads: string[]; quarantine: string[] };
}

async function withServer(behaviour: Behaviour, test: (scene: Scene) => Promise<void>) {
  await withFolder(async (folder) => {
    await using server = new BadServer(behaviour);
    const said: string[] = [];
    await test({
      ...{ folder, server, said },
      fetch: (about, options) =>
        download(sourceFile(about), folder, {
          ...{ hosts: [HOST], request: server.request, persistence: eager },
          ...options,
          say: (sentence) => said.push(sentence),
        }),
      names: () => ({ downloads: list(folder), quarantine: list(join(folder, "quarantine")) }),
    });
  });
}

function list(folder: string): string[] {
  try {
    const names = [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile)
      .map(({ name }) => name);
    return names.sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Cuts the body of the answers for which `where` says a length. */
function cutting(good: Behaviour, where: (request: Request) => number | null): Behaviour {
  return async (request) => {
    const cutAfter = where(request);
    const answer = await good(request);
    return cutAfter === null ? answer : { ...answer, cutAfter };
  };
}

const DONE = ["toy.zip", "toy.zip.json"];
const PART = ["toy.zip.partial", "toy.zip.partial.json"];

Deno.test("a file is fetched once, and hashed again before it is used again", () =>
  withServer(wellBehaved(FILE), async ({ fetch, server, names }) => {
    const { path, record } = await fetch({ sha256: DIGEST });
    assertEquals(await Deno.readFile(path), FILE);
    assertEquals(record, {
      url: `https://${HOST}/toy.zip`,
      bytes: FILE.length,
      sha256: DIGEST,
      trust: "published",
      date: "Tue, 24 Nov 2026 12:00:00 GMT",
    });
    assertEquals(names().downloads, DONE);
    assertEquals(await fetch({ sha256: DIGEST }), { path, record });
    assertEquals(server.requests.length, 1);
    assertEquals(server.requests[0].headers.get("accept-encoding"), "identity");
  }));

Deno.test("100 downloads cut at random places resume, in this process or a later one", () =>
  withFolder(async (folder) => {
    const random = randomStream(1, "cuts");
    const places = Array.from({ length: 100 }, (_, i) => {
      return [0, 1, FILE.length - 1, 65536][i] ?? random.integer(0, FILE.length);
    });
    let sent = 0;
    for (const [i, place] of places.entries()) {
      const behaviour = cutting(wellBehaved(FILE), ({ number }) => number === 0 ? place : null);
      await using server = new BadServer(behaviour);
      const options = { hosts: [HOST], request: server.request };
      const source = sourceFile({ sha256: DIGEST });
      const name = join(folder, `${i}`);
      if (i % 2) {
        await assertRejects(
          () => download(source, name, { ...options, persistence: { ...eager, attempts: 1 } }),
          DownloadError,
        );
      }
      const { path } = await download(source, name, { ...options, persistence: eager });
      assertEquals(sha256(await Deno.readFile(path)), DIGEST);
      assertEquals(server.requests.length, 2);
      sent += server.sent;
      await Deno.remove(name, { recursive: true });
    }
    const share = sent / (100 * FILE.length);
    console.log(`100 cuts: ${sent} bytes for ${100 * FILE.length} (${share.toFixed(4)})`);
    assert(share <= 1.05, `${share} times the bytes were transferred`);
  }));

Deno.test("one download that is cut a hundred times comes through", () => {
  const random = randomStream(2, "cuts");
  const step = FILE.length / 101;
  const behaviour = cutting(wellBehaved(FILE), ({ number }) => {
    return number < 100 ? Math.floor(random.uniform(0.5, 1) * step) : null;
  });
  return withServer(behaviour, async ({ fetch, server, said }) => {
    await fetch({ sha256: DIGEST });
    assertEquals([server.requests.length, said.length], [101, 100]);
    assert(server.sent <= 1.05 * FILE.length, `${server.sent} bytes were sent`);
  });
});

/** The same file with one bit turned. */
const FLIPPED = FILE.slice();
FLIPPED[FILE.length - 3] ^= 16;

const page = new TextEncoder().encode(`<!DOCTYPE html><title>Log in</title>${" ".repeat(2000)}`);
const body = (bytes: Uint8Array, headers: Record<string, string> = {}, status = 200): Answer => {
  return { status, headers: { "content-length": `${bytes.length}`, ...headers }, body: bytes };
};
const redirect = (location: string): Answer => body(new Uint8Array(), { location }, 302);

/** Behaviours that must end in an error, with its reason. */
const refusals: readonly [string, Behaviour, Parameters<typeof sourceFile>[0], string][] = [
  ["a flipped bit", wellBehaved(FLIPPED), { sha256: DIGEST }, "its SHA-256 is not"],
  ["an HTML page with 200", () => body(page), {}, "it is a web page"],
  ["a page that calls itself a zip", () => body(page, { "content-type": "application/zip" }), {
    sha256: DIGEST,
  }, "it is a web page"],
  ["other bytes", () => body(new Uint8Array(9000).fill(7)), {}, "does not start like a zip file"],
  ["another length", wellBehaved(FILE.subarray(0, 9999)), { bytes: FILE.length }, "9999 bytes on"],
  [
    "a length that is not reached",
    (request) => {
      return body(FILE.subarray(request.from ?? 0, 9999), { "content-length": "10000" });
    },
    { bytes: 10000 },
    "in a row without success",
  ],
  [
    "more than was announced, unannounced",
    () => ({
      ...{ status: 200, headers: {}, body: FILE },
    }),
    { bytes: 100_000 },
    "it has more than 100000 bytes",
  ],
  ["a redirect to another host", () => redirect("https://elsewhere.test/x"), {}, "elsewhere.test"],
  ["a redirect to http", () => redirect(`http://${HOST}/x`), {}, "is not encrypted"],
  ["a redirect that never ends", () => redirect("/again"), {}, "redirects more than 5 times"],
  ["a redirect to nowhere", () => body(new Uint8Array(), {}, 302), {}, "redirects to no address"],
  ["a redirect with a password", () => redirect(`https://a:b@${HOST}/`), {}, "name or password"],
  ["404", () => body(page, {}, 404), {}, "the server answers 404"],
  ["503 for good", () => body(page, {}, 503), {}, "the server answers 503"],
  ["429 with a long wait", () => body(page, { "retry-after": "100000" }, 429), {}, "answers 429"],
  ["gzip on the way", () => body(FILE, { "content-encoding": "br" }), {}, "packs it as br"],
  ["a part of nothing", () => body(FILE, {}, 206), {}, "does not say which"],
  [
    "a part unasked",
    () => body(FILE, { "content-range": "bytes 5-9/10" }, 206),
    {},
    "a part where",
  ],
  ["an empty file", () => body(new Uint8Array()), {}, "does not start like a zip file"],
];

for (const [name, behaviour, about, reason] of refusals) {
  Deno.test(`${name} is refused, and the right file comes afterwards`, () =>
    withServer(behaviour, async ({ fetch, server, names }) => {
      const error = await assertRejects(() => fetch(about), DownloadError, reason);
      assertEquals([error.exitCode, names().downloads.includes("toy.zip")], [3, false]);
      assert(server.requests.length <= 6);
      server.behaviour = wellBehaved(FILE);
      const { path } = await fetch({ sha256: DIGEST });
      assertEquals(await Deno.readFile(path), FILE);
      assertEquals(names().downloads, DONE);
    }));
}

Deno.test("a wrong file is fetched once more, stays in quarantine and is used when accepted", () =>
  withServer(wellBehaved(FLIPPED), async ({ fetch, server, said, folder, names }) => {
    const error = await assertRejects(
      () => fetch({ sha256: DIGEST }),
      DownloadError,
      "the server sends the same file again",
    );
    const digest = sha256(FLIPPED);
    const kept = `${digest.slice(0, 12)}.toy.zip`;
    assertEquals(server.requests.length, 2);
    assertEquals(names(), { downloads: [], quarantine: [kept, `${kept}.json`] });
    assertEquals(await Deno.readFile(join(folder, "quarantine", kept)), FLIPPED);
    assertStringIncludes(said[0], "it is in quarantine");
    assertStringIncludes(error.nextStep, `--accept ${digest}`);

    const { path, record } = await fetch({ sha256: DIGEST }, { accept: digest });
    assertEquals([await Deno.readFile(path), record.trust], [FLIPPED, "accepted"]);
    assertEquals(names(), { downloads: DONE, quarantine: [] });
    assertEquals((await fetch({ sha256: DIGEST })).record, record);
    assertEquals(server.requests.length, 2);
    await Deno.remove(path);
    assertEquals((await fetch({ sha256: DIGEST })).record, record);
  }));

Deno.test("a bit that flips on the way once is mended by fetching once more", () => {
  const behaviour: Behaviour = (request) => wellBehaved(request.number ? FILE : FLIPPED)(request);
  return withServer(behaviour, async ({ fetch, names }) => {
    await fetch({ sha256: DIGEST });
    assertEquals([names().downloads, names().quarantine.length], [DONE, 2]);
  });
});

Deno.test("without a known digest the first file is trusted, and no other one after it", () =>
  withServer(wellBehaved(FILE), async ({ fetch, server, names }) => {
    const { path, record } = await fetch();
    assertEquals([record.sha256, record.trust], [DIGEST, "first-use"]);
    await Deno.remove(path);
    server.behaviour = wellBehaved(FLIPPED, '"two"');
    const error = await assertRejects(() => fetch(), DownloadError, "another file than the one");
    assertStringIncludes(error.message, DIGEST);
    assertEquals([names().downloads, names().quarantine.length], [["toy.zip.json"], 2]);
    server.behaviour = wellBehaved(FILE);
    assertEquals((await fetch()).record, record);
    assertEquals((await fetch({ sha256: DIGEST })).record.trust, "published");
  }));

Deno.test("a file that changes after it was fetched is noticed", () =>
  withServer(wellBehaved(FILE), async ({ fetch, names }) => {
    const { path } = await fetch({ sha256: DIGEST });
    await Deno.writeFile(path, FLIPPED);
    await assertRejects(() => fetch({ sha256: DIGEST }), DownloadError, "it changed after");
    assertEquals(names().quarantine.length, 2);
    await fetch({ sha256: DIGEST });
    assertEquals(await Deno.readFile(path), FILE);
    await Deno.remove(`${path}.json`);
    await assertRejects(() => fetch({ sha256: DIGEST }), DownloadError, "nothing is known");
  }));

/** Stops after a part, then behaves as told. */
async function resumeWith(behaviour: Behaviour, about: Parameters<typeof sourceFile>[0] = {}) {
  let outcome = { said: [""], sent: 0, error: "" };
  const cut = cutting(wellBehaved(FILE), () => 200_000);
  await withServer(cut, async ({ fetch, server, said, names }) => {
    const once = { persistence: { ...eager, attempts: 1 } };
    await assertRejects(() => fetch(about, once), DownloadError);
    assertEquals(names().downloads, PART);
    server.sent = 0;
    said.length = 0;
    server.behaviour = behaviour;
    try {
      const { path } = await fetch(about);
      outcome = { said, sent: server.sent, error: "" };
      // Whatever happened on the way, no file is made of two.
      const digest = sha256(await Deno.readFile(path));
      assert([DIGEST, sha256(FLIPPED)].includes(digest));
    } catch (error) {
      if (!(error instanceof DownloadError)) throw error;
      outcome = { said, sent: server.sent, error: error.message };
      assertEquals(names().downloads.includes("toy.zip"), false);
    }
  });
  return outcome;
}

Deno.test("a part is gone on with only while it belongs to the same file", async () => {
  const rest = FILE.length - 200_000;
  const same = await resumeWith(wellBehaved(FILE));
  assertEquals(same, { said: [], sent: rest, error: "" });

  const changed = await resumeWith(wellBehaved(FLIPPED, '"two"'));
  assertStringIncludes(changed.said[0], "the file changed on the server");
  assertEquals(changed.sent, FILE.length);

  const ignoring = await resumeWith((request) => wellBehaved(FILE)({ ...request, from: null }));
  assertStringIncludes(ignoring.said[0], "the server does not send parts");
  assertEquals(ignoring.sent, FILE.length);

  const none = await resumeWith((request) => {
    return request.from === null ? wellBehaved(FILE)(request) : body(page, {}, 416);
  });
  assertStringIncludes(none.said[0], "no such part");

  const elsewhere = await resumeWith((request) => {
    const answer = wellBehaved(FILE)(request);
    const range = `bytes ${100}-${FILE.length - 1}/${FILE.length}`;
    return request.from === null ? answer : { ...answer, headers: { "content-range": range } };
  });
  assertStringIncludes(elsewhere.said[0], "bytes 100 to");

  const renamed = await resumeWith((request) => {
    const answer = wellBehaved(FLIPPED, '"two"')({ ...request, headers: new Headers() });
    return request.from === null ? wellBehaved(FLIPPED, '"two"')(request) : answer;
  });
  assertStringIncludes(renamed.said[0], "it changed on the server");

  const resized = await resumeWith((request) => {
    if (request.from === null) return wellBehaved(FILE)(request);
    const longer = fakeArchive(FILE.length + 8);
    return { ...wellBehaved(longer)(request), body: longer.subarray(request.from) };
  });
  assertStringIncludes(resized.said[0], "its size on the server changed");
});

Deno.test("a login page does not cost the part that is there", async () => {
  const { error, sent } = await resumeWith(({ from, number }) => {
    return from !== null && number === 1 ? body(page) : wellBehaved(FILE)({ from } as Request);
  });
  assertStringIncludes(error, "it is a web page");
  assertEquals(sent, page.length);
  await withServer(cutting(wellBehaved(FILE), () => 200_000), async ({ fetch, server, folder }) => {
    await assertRejects(() => fetch({}, { persistence: { ...eager, attempts: 1 } }));
    server.behaviour = () => body(page);
    await assertRejects(() => fetch(), DownloadError, "it is a web page");
    assertEquals((await Deno.stat(join(folder, "toy.zip.partial"))).size, 200_000);
  });
});

Deno.test("a server that keeps changing its file is left alone after a while", async () => {
  let version = 0;
  const { error } = await resumeWith((request) => ({
    ...wellBehaved(FILE, `"${version++}"`)({ ...request, headers: new Headers() }),
    ...request.from === null && { cutAfter: 1000 },
  }));
  assertStringIncludes(error, "it changed on the server");
});

Deno.test("a server that hangs, before its answer or after some bytes, is given up", async () => {
  const impatient: Persistence = { ...eager, answer: 100, stall: 100, attempts: 2 };
  const silent: Behaviour = () => ({ ...body(FILE), hangAfter: -1 });
  await withServer(silent, async ({ fetch, server }) => {
    const options = { persistence: impatient };
    await assertRejects(() => fetch({}, options), DownloadError, "did not answer within 0.1 s");
    server.behaviour = (request) => ({ ...wellBehaved(FILE)(request), hangAfter: 70_000 });
    const slow = { persistence: { ...impatient, leastBytes: 1 << 20, progress: 1 << 20 } };
    await assertRejects(() => fetch({}, slow), DownloadError, "bytes in 0.1 s");
    server.behaviour = wellBehaved(FILE);
    await fetch({ sha256: DIGEST });
  });
});

Deno.test("what is stopped is kept, and said to be", () =>
  withServer(wellBehaved(FILE), async ({ fetch, server, names }) => {
    const stop = new AbortController();
    server.behaviour = (request) => ({
      ...wellBehaved(FILE)(request),
      hangAfter: 300_000,
      whenSent: {
        bytes: 250_000,
        act: () => setTimeout(() => stop.abort(new Interrupted("x")), 50),
      },
    });
    const error = await assertRejects(
      () => fetch({ sha256: DIGEST }, { signal: stop.signal }),
      Interrupted,
      "Stopped; 300 kB of toy.zip are kept",
    );
    assertStringIncludes(error.nextStep, "go on from there");
    assertEquals(names().downloads, PART);
    server.behaviour = wellBehaved(FILE);
    server.sent = 0;
    await fetch({ sha256: DIGEST });
    assertEquals(server.sent, FILE.length - 300_000);
  }));

Deno.test("two at a time: one fetches, the other is told", () => {
  const gate = Promise.withResolvers<void>();
  const behaviour: Behaviour = async (request) => {
    await gate.promise;
    return wellBehaved(FILE)(request);
  };
  return withServer(behaviour, async ({ fetch, server, names }) => {
    const first = fetch({ sha256: DIGEST });
    while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await assertRejects(() => fetch({ sha256: DIGEST }), DataError, "another process is fetching");
    gate.resolve();
    await first;
    assertEquals([names().downloads, server.requests.length], [DONE, 1]);
  });
});

Deno.test("a leftover that fits nothing is dropped", () =>
  withServer(wellBehaved(FILE), async ({ fetch, server, folder }) => {
    const partial = join(folder, "toy.zip.partial");
    await Deno.writeFile(partial, FLIPPED);
    await fetch({ sha256: DIGEST });
    assertEquals(server.sent, FILE.length);
    for (const text of ["{", "{}", `{"url":"https://${HOST}/other.zip"}`]) {
      await Deno.remove(join(folder, "toy.zip"));
      await Deno.writeFile(partial, FLIPPED.subarray(0, 1000));
      await Deno.writeTextFile(`${partial}.json`, text);
      server.sent = 0;
      await fetch({ sha256: DIGEST });
      assertEquals(server.sent, FILE.length);
    }
  }));

Deno.test("a file that the disk has no room for is not begun", () =>
  withServer(wellBehaved(FILE), async ({ fetch, server }) => {
    await assertRejects(() => fetch({ bytes: 1e18, knownFrom: "x" }), DownloadError, "are free");
    assertEquals(server.requests.length, 0);
  }));
