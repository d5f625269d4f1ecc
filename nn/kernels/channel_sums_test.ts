import { assertMatchesOracle, drawn, GRADIENT, SIZES } from "./kernel_test_support.ts";
import "./channel_sums.ts";

Deno.test("sums over channels match their oracle", async () => {
  for (const [height, width] of SIZES) {
    for (const channels of [1, 5, 8, 17]) {
      const x = drawn("x", [3, height, width, channels]);
      await assertMatchesOracle("ChannelSums", { x }, {}, GRADIENT);
    }
  }
});

Deno.test("so do those over very many rows", async () => {
  await assertMatchesOracle("ChannelSums", { x: drawn("x", [4099, 9]) }, {}, GRADIENT);
});
