import { assertMatchesOracle, drawn, GRADIENT } from "./kernel_test_support.ts";
import "./channel_sums.ts";

Deno.test("sums over very many rows match their oracle", async () => {
  await assertMatchesOracle("ChannelSums", { x: drawn("x", [4099, 9]) }, {}, GRADIENT);
});
