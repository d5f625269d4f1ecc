/**
 * Every kernel against its oracle at random shapes: `REFLOW_LONG=1` draws 500 for each of them.
 *
 * What has special values or a reference of its own is tested beside its kernel; convolutions, products
 * and the operations in place, which have no entry among the oracles, are swept there too.
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { byValue } from "./activation.ts";
import { pyramidSize, windowShape } from "./correlation/geometry.ts";
import { dotsShape } from "./correlation/products.ts";
import "./bias_activation.ts";
import "./channel_sums.ts";
import "./concat_channels.ts";
import "./convex_upsample.ts";
import "./correlation.ts";
import "./cost_volume.ts";
import "./grid_sample.ts";
import "./gru.ts";
import "./layer_norm.ts";
import "./masked_l1.ts";
import "./normalize.ts";
import "./residual.ts";
import "./resize_bilinear.ts";
import "./shrink_flow.ts";
import "./softmax.ts";
import "./vector_error.ts";
import "./warp_inside.ts";
import { type HostTensor, kernelNames, oracleOf } from "./kernel.ts";
import {
  assertMatchesOracle,
  drawn,
  drawnCoords,
  FORWARD,
  GRADIENT,
  type Named,
  sweep,
  SWEPT,
} from "./kernel_test_support.ts";

/** A map, and a number that decides whatever else a kernel lets choose. */
interface Drawn {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly choice: number;
}

// No map has two rows or two channels: what is standardised over two numbers becomes ±1 whatever they
// are, and its gradient nothing but what rounding left.
const maps: fc.Arbitrary<Drawn> = fc.record({
  batch: fc.constantFrom(1, 3),
  height: fc.constantFrom(1, 3, 4, 7, 17),
  width: fc.constantFrom(1, 3, 5, 8, 17),
  channels: fc.constantFrom(1, 3, 4, 5, 8, 15, 16, 17, 33),
  choice: fc.nat({ max: 999 }),
});

const edges: readonly Drawn[] = [
  { batch: 1, height: 1, width: 1, channels: 1, choice: 0 },
  { batch: 3, height: 17, width: 3, channels: 17, choice: 1 },
  { batch: 1, height: 3, width: 17, channels: 8, choice: 2 },
  { batch: 3, height: 1, width: 17, channels: 3, choice: 3 },
];

/** Another size for a map. */
const resizing = ({ height, width, choice }: Drawn) => ({
  ...{ height, width, toHeight: 1 + choice % 19, toWidth: 1 + choice % 23 },
  factor: 1 + choice % 8,
});

/** What a kernel is given. */
type Given = readonly [inputs: Named<HostTensor>, attributes?: object];

const shapeOf = ({ batch, height, width, channels }: Drawn) => [batch, height, width, channels];

const alike = (map: Drawn, ...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, drawn(name, shapeOf(map))]));

const perChannel = ({ channels }: Drawn, ...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, drawn(name, [channels])]));

const activationOf = ({ choice }: Drawn) => ({ activation: byValue[choice % byValue.length] });
const scaleOf = ({ choice }: Drawn) => ({ scale: [1, 0.125, 3][choice % 3] });
const epsilonOf = ({ choice }: Drawn) => ({ epsilon: choice % 2 === 0 ? 1e-5 : 1e-6 });

/** A map to standardise, in groups of one picture or of all, with its moments. */
function standardization(map: Drawn): Given {
  const { batch, choice } = map;
  const attributes = { groups: choice % 2 ? batch : 1, ...epsilonOf(map), relu: choice >> 1 & 1 };
  const { x } = alike(map, "x");
  return [{ x, moments: oracleOf("NormalizeMoments")({ x }, attributes) }, attributes];
}

/** Two to four maps to join. */
function parts({ batch, height, width, channels, choice }: Drawn) {
  const widths = [channels, 1 + choice % 9, 1 + choice % 5, 3].slice(0, 2 + choice % 3);
  const inputs = widths.map((own, i) =>
    [`part${i}`, drawn(`part${i}`, [batch, height, width, own])] as const
  );
  return { inputs: Object.fromEntries(inputs), widths };
}

function flowAndMask({ batch, height, width }: Drawn) {
  const [h, w] = [Math.min(height, 7), Math.min(width, 8)];
  return {
    flow: drawn("flow", [batch, h, w, 2], 5),
    mask: drawn("mask", [batch, h, w, 576], 3),
    dy: drawn("dy", [batch, 8 * h, 8 * w, 2]),
  };
}

/** A picture, and places in it on a map of another size. */
function sampling(map: Drawn) {
  const { batch, height, width, channels, choice } = map;
  const places = [batch, 1 + choice % 7, 1 + choice % 5];
  return {
    image: drawn("image", shapeOf(map)),
    coords: drawnCoords(places, [height, width]),
    dy: drawn("dy", [...places, channels]),
    shape: { height, width },
  };
}

/** A lookup between maps that differ in size, so that rows and columns cannot be mistaken. */
function correlation({ batch, height, width, channels, choice }: Drawn) {
  const at = { height: width, width: height, levels: 1 + choice % 4, radius: 1 + choice % 3 };
  const coords = drawnCoords([batch, height, width], [at.height, at.width]);
  const depth = 4 * Math.ceil(channels / 4);
  return {
    at,
    coords,
    f1: drawn("f1", [batch, height, width, depth]),
    pyramid: drawn("pyramid", [batch, pyramidSize(at), depth]),
    volume: drawn("volume", [batch, height * width, pyramidSize(at)]),
    dots: drawn("dots", dotsShape(coords, at)),
    windows: drawn("windows", windowShape(coords, at)),
  };
}

/** A cost volume's range, and the gradient that comes in. */
function costs({ batch, height, width, choice }: Drawn) {
  const radius = 1 + choice % 4;
  return { radius, dy: drawn("dy", [batch, height, width, (2 * radius + 1) ** 2]) };
}

/** A flow, the true vectors with their weights, and how errors count. */
function errors({ batch, height, width, choice }: Drawn) {
  const of = choice % 2 ? "squares" : "absolutes";
  return {
    inputs: {
      prediction: drawn("prediction", [batch, height, width, 2]),
      truth: drawn("truth", [batch, height, width, 3]),
    },
    penalty: { of, epsilon: 0.01, power: [0.5, 0.4, 1][choice % 3] },
  };
}

/** A flow that is known in places, to be shrunk. */
function knownFlow({ batch, height, width, choice }: Drawn): Given {
  const valid = drawn("valid", [batch, height, width, 1]);
  valid.data.forEach((v, i) => valid.data[i] = v > -0.5 ? 1 : 0);
  const at = { height: 1 + choice % height, width: 1 + choice % width, factor: 0.05 };
  return [{ flow: drawn("flow", [batch, height, width, 2]), valid }, at];
}

const forward: Record<string, (map: Drawn) => Given> = {
  BiasActivation: (map) => [
    { ...alike(map, "x"), ...perChannel(map, "bias") },
    activationOf(map),
  ],
  BiasGelu: (map) => [{ ...alike(map, "x"), ...perChannel(map, "bias") }],
  ConcatChannels(map) {
    const { inputs, widths } = parts(map);
    return [inputs, { widths }];
  },
  GatedConcat(map) {
    const { inputs, widths } = parts(map);
    return [{ ...inputs, ...alike(map, "gate") }, { widths }];
  },
  ConvexUpsample(map) {
    const { flow, mask } = flowAndMask(map);
    return [{ flow, mask }];
  },
  CorrelationProducts(map) {
    const { f1, pyramid, coords, at } = correlation(map);
    return [{ f1, pyramid, coords }, at];
  },
  CorrelationInterpolate(map) {
    const { dots, coords, at } = correlation(map);
    return [{ dots, coords }, at];
  },
  CorrelationWindows(map) {
    const { volume, coords, at } = correlation(map);
    return [{ volume, coords }, at];
  },
  CostVolume: (map) => [
    alike(map, "f1", "f2"),
    { radius: costs(map).radius, ...activationOf(map) },
  ],
  GridSample(map) {
    const { image, coords } = sampling(map);
    return [{ image, coords }];
  },
  GruUpdate: (map) => [alike(map, "h", "z", "q")],
  LayerNorm: (map) => [
    { ...alike(map, "x"), ...perChannel(map, "weight", "bias") },
    epsilonOf(map),
  ],
  NormalizeMoments(map) {
    const [{ x }, attributes] = standardization(map);
    return [{ x }, attributes];
  },
  NormalizeStandardize: standardization,
  ResizeCorners: (map) => [alike(map, "x"), resizing(map)],
  ResidualRelu: (map) => [alike(map, "x", "y")],
  ScaledSoftmax: (map) => [alike(map, "x"), scaleOf(map)],
  ScaledLogSoftmax: (map) => [alike(map, "x"), scaleOf(map)],
  ShrinkFlow: knownFlow,
  VectorError(map) {
    const { inputs, penalty } = errors(map);
    return [inputs, penalty];
  },
  WarpPlaces: ({ batch, height, width, choice }) => [
    { flow: drawn("flow", [batch, height, width, 2], 3) },
    { scale: [1, 0.625, 5][choice % 3], least: 0.9999 },
  ],
};

const gradients: Record<string, (map: Drawn) => Given> = {
  BiasActivationSlope: (map) => [alike(map, "dy", "out"), activationOf(map)],
  BiasGeluGradient: (map) => [{ ...alike(map, "dy", "x"), ...perChannel(map, "bias") }],
  ChannelSums: (map) => [alike(map, "x")],
  ConvexUpsampleGradientFlow(map) {
    const { dy, mask } = flowAndMask(map);
    return [{ dy, mask }];
  },
  ConvexUpsampleGradientMask(map) {
    return [flowAndMask(map)];
  },
  CorrelationProductsGradientF1(map) {
    const { dots, pyramid, coords, at } = correlation(map);
    return [{ dy: dots, pyramid, coords }, at];
  },
  CorrelationProductsGradientPyramid(map) {
    const { dots, f1, coords, at } = correlation(map);
    return [{ dy: dots, f1, coords }, at];
  },
  CorrelationInterpolateGradient(map) {
    const { windows, coords, at } = correlation(map);
    return [{ dy: windows, coords }, at];
  },
  CorrelationWindowsGradient(map) {
    const { windows, coords, at } = correlation(map);
    return [{ dy: windows, coords }, at];
  },
  CostVolumeGradient(map) {
    const { radius, dy } = costs(map);
    return [{ dy, ...alike(map, "other") }, { radius, towards: map.choice % 2 ? 1 : -1 }];
  },
  GridSampleGradientCoords(map) {
    const { dy, image, coords } = sampling(map);
    return [{ dy, image, coords }];
  },
  GridSampleGradientImage(map) {
    const { dy, coords, shape } = sampling(map);
    return [{ dy, coords }, shape];
  },
  LayerNormInputGradient: (map) => [
    { ...alike(map, "dy", "x"), ...perChannel(map, "weight") },
    epsilonOf(map),
  ],
  LayerNormWeightGradient: (map) => [alike(map, "dy", "x"), epsilonOf(map)],
  NormalizeGradient(map) {
    const [inputs, attributes] = standardization(map);
    return [{ ...alike(map, "dy"), ...inputs }, attributes];
  },
  ResizeCornersGradient(map) {
    const at = resizing(map);
    return [{ dy: drawn("dy", [map.batch, at.toHeight, at.toWidth, map.channels]) }, at];
  },
  ResidualReluGradient: (map) => [alike(map, "dy", "out")],
  ScaledSoftmaxGradient: (map) => ofOutput(map, "ScaledSoftmax"),
  ScaledLogSoftmaxGradient: (map) => ofOutput(map, "ScaledLogSoftmax"),
  VectorErrorGradient(map) {
    const { inputs, penalty } = errors(map);
    return [{ dy: drawn("dy", []), ...inputs }, penalty];
  },
};

/** A gradient that goes through the output. */
function ofOutput(map: Drawn, name: string): Given {
  const { x, dy } = alike(map, "x", "dy");
  return [{ dy, out: oracleOf(name)({ x }, scaleOf(map)) }, scaleOf(map)];
}

for (const [kernels, tolerance] of [[forward, FORWARD], [gradients, GRADIENT]] as const) {
  for (const [name, given] of Object.entries(kernels)) {
    Deno.test(`${name} matches its oracle at ${SWEPT} shapes`, () =>
      sweep(maps, (map) => {
        const [inputs, attributes = {}] = given(map);
        return assertMatchesOracle(name, inputs, attributes, tolerance);
      }, edges));
  }
}

Deno.test("no kernel is left out", () => {
  const elsewhere = ["MaskedL1"]; // a list of any length is no map's
  assertEquals(
    [...kernelNames()].sort(),
    [...Object.keys({ ...forward, ...gradients }), ...elsewhere].sort(),
  );
});
