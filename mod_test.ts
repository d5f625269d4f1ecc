import { assertEquals } from "@std/assert";
import * as reflow from "./mod.ts";

/** Every public name, types included: a name that comes or goes must be meant. */
const NAMES = `
  AdamW AdamWConfig adamwDefaults AdapterSummary Arm ArraySpec ArrayWriter Averaged Averaging BackendName
  Batch
  bootstrapMean BootstrapOptions boundaryF buildFlowCache buildFlowStore buildHistory BuildOptions
  buildStore buildVideoStore captureEnvironment ChannelOrder Checkpoint CheckpointState Claim
  ClaimsReport Clipping
  colorWheel comparePairs comparePublished comparePublishedNumber compareRuns compareSides
  compareSpeed comparisonMarkdown ComparisonReport comparisonText convexUpsample
  correlationPyramid correlationVolume Counterpart Counterparts createOptimizer CurvePoint
  DataError DatasetDefinition datasets DatasetSize DataStamp decodeFlo decodeKittiFlow decodePfm
  decodePfmFlow decodePicture decodePpm decodeSafetensors defaultProtocol defineMovingShapes
  describeAdapter dinoVits DisposableJob DType Ema encodeFlo encodeKittiFlow encodePfm encodePpm
  encodeSafetensors Environment EnvironmentError evaluateFlow EvaluateOptions evaluateSegmentation
  EvaluateSegmentationOptions Evaluation EvaluationConvention
  EvaluationRequest ExitCode farneback findDataset
  findLevels fitMotion FLOW_METRICS FLOW_PROTOCOLS FlowBuildOptions FlowCacheOptions
  FlowColorOptions FlowColors FlowContender flowCounterparts FlowDataset FlowField flowFolder FlowMetric
  FlowMetricInfo FlowMetrics FlowOfVideos FlowProtocol flowProtocol FlowQuantity FlowSample
  FlowSource FlowStoreMeta flowToColor Followed ForeignSource forwardInterpolate
  FrameSource GalleryEntry GalleryPicture gridSample guessWhatMoves GuessWhatMovesRecipe
  HistorySeries Initializer Interrupted Interval jaccard judgeClaims KernelSet kernelSet Lars
  LarsConfig
  larsDefaults loadCheckpoint LoadedRun loadRun loadSide Lookup lookupOnDemand lookupVolume
  mannWhitney Mask MaskedFlow MaskedFrame MaskedVideos motionField MotionFit MotionModel
  MovingShapesConfig Multipliers NdArray ndarray Network newRunId OneCycle oneCycle onnxContender
  OnnxOptions OnnxProvider openDataset openFlowStore openMaskedVideos openStore openVideoFlow
  openVideos openVideoStore Optimizer OptimizerConfig packed pad Padded PaddingMode Pairs
  Parameter parseSpeedRecord Picture pixelGrid PixelRange Place PlannedStage Prediction
  PredictionRequest ProtocolStamp protocolStamp PublishedByModel publishedByModel
  PublishedComparison PublishedComparisonOptions PublishedNumber
  raft Raft RaftConfig RaftContender raftLarge RaftRecipe raftSmall RaftStage RandomStream
  randomStream readDinoWeights readFlo readKittiFlow readPfm readPfmFlow readPicture readPpm
  readPth readRaftWeights readSafetensors readWeights RecalledSample Recipe RecipeName
  RECORD_SCHEMA ReflowError renderClaims renderComparison renderIndex renderReport renderSpeedPage
  renderVideo
  Replication Report resizeBilinear RunFolder RunRecord SafetensorsFile SampleMetrics
  SampleResults saveCheckpoint savePrediction ScannedRuns scanRuns Schedule Scope Scored
  ScoredFlow ScoredModel Segmentation SEGMENTATION_PROTOCOLS SegmentationContender
  SegmentationInput SegmentationPicture SegmentationProtocol segmentationProtocol Selection
  sequenceLoss settle Sgd SgdConfig ShapesVideo ShapesVideos Side signedRank Sizing Source
  sparingVectors SpeedRecord Stage standardize Standardized StateDict Store StoredArray
  StoredTensor StoreWriter stripPrefix TensorData toFloat32 train Training TrainingJob
  TrainingOptions TrainingOutcome TypedArray UsageError useBackend useKernelSet Verdict
  VerifyOptions verifyStore VideoFlow VideoSpan Vit VitConfig VitOutput warp withIterations
  writeFlo writeKittiFlow writePfm writePinned writePng writePpm writeReport writeSafetensors
  zeroFlow
`.trim().split(/\s+/);

/** The exports as mod.ts spells them: whether each is a type, and its public name. */
const exports = [
  ...Deno.readTextFileSync(new URL("./mod.ts", import.meta.url))
    .matchAll(/^export (type )?\{ (?:\w+ as )?(\w+) \} from "[^"]+";$/gm),
].map(([, type, name]) => ({ isType: type !== undefined, name }));

Deno.test("the public API is these names, alphabetised", () => {
  assertEquals(exports.map(({ name }) => name), NAMES);
  const lower = (name: string) => name.toLowerCase();
  const byLetter = [...NAMES].sort((a, b) =>
    Number(lower(a) > lower(b)) - Number(lower(a) < lower(b))
  );
  assertEquals(NAMES, byLetter);
});

Deno.test("every name that is no type has a value, and there are no others", () => {
  const values = exports.filter(({ isType }) => !isType).map(({ name }) => name);
  assertEquals(Object.keys(reflow).sort(), values.sort());
  for (const value of Object.values(reflow)) assertEquals(value === undefined, false);
});
