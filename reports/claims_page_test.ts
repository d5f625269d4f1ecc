import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fabricateClaims } from "../tests/fabricated_claims.ts";
import { renderClaims } from "./claims_page.tsx";
import { poison } from "./hostile_run.ts";

const report = fabricateClaims();
const html = await renderClaims(report);

/** The text of the page as a reader sees it. */
const text = (page: string) =>
  page.replaceAll(/<(script|style)[^>]*>.*?<\/\1>/gs, "").replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ");

Deno.test("the page says what was run, each verdict, its intervals and the paper's silence", () => {
  const shown = text(html);
  for (
    const part of [
      "Of 3 claims, 1 is supported, 1 is contradicted, 1 is inconclusive.",
      "3 seeds each, 4 steps a run; scored on moving-shapes:test, 60 samples",
      "The small model stands in for the full one.",
      "EPE (px) · 3 seeds · 60 samples of 15 scenes",
      "✓ supported",
      "✕ contradicted",
      "≈ inconclusive",
      "33 % better large model 1.365 small model 2.047",
      "36 % better to 30 % better over seeds",
      "No values Table 5, which nobody could read",
      "config.model: large",
      "deno task raft claims --recipe demo --seeds 3",
      "Protocol moving-shapes: 12 iterations",
    ]
  ) assertStringIncludes(shown, part);
  assertEquals(html.includes("<script"), false);
  for (const id of ["claims", "seeds", "reproduce"]) {
    assertStringIncludes(html, `href="#${id}"`);
    assertStringIncludes(html, `<section id="${id}"`);
  }
});

Deno.test("published values stand where there are some", async () => {
  const [claim] = report.claims;
  const favoured = { ...claim.favoured, published: 2.71 };
  const page = text(await renderClaims({ ...report, claims: [{ ...claim, favoured }] }));
  assertStringIncludes(page, "large model 2.71 Table 5");
  assertEquals(page.includes("No values"), false);
});

Deno.test("each value leads to the report of its run, from wherever the page lies", async () => {
  const links = (page: string) =>
    [...page.matchAll(/<a href="([^"#]+)">/g)].map(([, address]) => address);
  const ids = report.claims.flatMap(({ favoured, other }) =>
    [favoured, other].flatMap(({ runs }) => runs.map(({ id }) => id))
  );
  assertEquals(links(html), ids.map((id) => `${id}/report.html`));
  const away = links(await renderClaims(report, { runsAt: "../my runs" }));
  assertEquals(away[0], "../my%20runs/raft-demo-large-s0/report.html");
});

Deno.test("what nothing compares with has no numbers, and warnings come first", async () => {
  const [claim] = report.claims;
  const empty = { ...claim, change: null, overSeeds: null, overScenes: null };
  const page = text(
    await renderClaims({ ...report, scored: null, claims: [empty], warnings: ["Two versions."] }),
  );
  assertStringIncludes(page, "Know before you trust a verdict Two versions.");
  assertStringIncludes(page, "– over seeds – over scenes");
});

Deno.test("hostile text stays text, in addresses too", async () => {
  const page = await renderClaims(poison(report), { runsAt: "javascript:alert(1)" });
  assertEquals(page.includes("<img"), false);
  assertEquals(page.includes("<script"), false);
  assertEquals([...page.matchAll(/<style/g)].length, 1);
  const addresses = [...page.matchAll(/href="([^"#]*)"/g)].map(([, address]) => address)
    .filter((address) => address !== "");
  assert(addresses.length > 0);
  for (const address of addresses) {
    assertEquals(new URL(address, "file:///runs/page.html").protocol, "file:");
  }
});
