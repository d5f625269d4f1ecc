import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ndarray, type Picture } from "../../base/arrays.ts";
import { UsageError } from "../../base/errors.ts";
import { FLOW_PROTOCOLS, flowProtocol } from "../../benchmarks/protocols/protocol.ts";
import { pad } from "../../benchmarks/protocols/padding.ts";
import { useBackend } from "../../nn/backend.ts";
import { inTraining } from "../model_stamp.ts";
import { PwcNetContender } from "./contender.ts";
import { PwcNet, released } from "./model.ts";
import { recipes } from "./recipes.ts";

await useBackend("cpu");

/** The released model's levels, a channel each. */
const sixLevels = { ...released, pyramid: [1, 1, 1, 1, 1, 1], dense: [1], context: [1] };

const black = (height: number, width: number): Picture =>
  ndarray(new Uint8Array(height * width * 3), [height, width, 3]);

async function withContender(
  config: PwcNet["config"],
  use: (contender: PwcNetContender) => Promise<void>,
): Promise<void> {
  const model = new PwcNet(config);
  const contender = new PwcNetContender(model, inTraining(model.network.size));
  try {
    await use(contender);
  } finally {
    contender.dispose();
  }
}

Deno.test("pictures as a protocol of RAFT's pads them are refused, with the protocols that fit", () =>
  withContender(sixLevels, async (contender) => {
    const { padding, multiple } = flowProtocol("kitti15-raft");
    const { padded } = pad(black(375, 1242), padding as "kitti", multiple);
    const error = await assertRejects(
      () => contender.predict(padded, padded, [1]),
      UsageError,
      "pictures of 1248x376: width and height must be multiples of 64, since it has 6 levels",
    );
    const named = Object.keys(FLOW_PROTOCOLS).filter((id) =>
      new RegExp(`[ ]${id}[,.]`).test(error.nextStep)
    );
    assertEquals(
      named,
      Object.keys(FLOW_PROTOCOLS).filter((id) => !/-raft(-warm)?$|^moving-shapes$/.test(id)),
    );
    for (const id of named) {
      const { padding, multiple } = flowProtocol(id);
      const sizing = padding === "own" ? contender.sizing() : { padding, multiple };
      const [height, width] = pad(black(375, 1242), sizing.padding, sizing.multiple).padded.shape;
      contender.model.requireMultiple(height, width);
    }
  }));

Deno.test("one side that fits is not enough, and a model of fewer levels wants less", () =>
  withContender(recipes.demo.model, async (contender) => {
    assertEquals(contender.sizing(), { padding: "resize", multiple: 16 });
    for (const [height, width] of [[24, 32], [32, 24], [8, 8]]) {
      const picture = black(height, width);
      await assertRejects(() => contender.predict(picture, picture, [1]), UsageError, "of 16,");
    }
    contender.model.requireMultiple(48, 80);
  }));

Deno.test("the model itself refuses such pictures as well, before it computes anything", () =>
  withContender(recipes.demo.model, (contender) => {
    const images = tf.zeros<tf.Rank.R4>([1, 32, 40, 3]);
    assertThrows(() => contender.model.flows(images, images), UsageError, "pictures of 40x32");
    images.dispose();
    return Promise.resolve();
  }));
