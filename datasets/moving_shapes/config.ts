/**
 * What can be set about the moving-shapes videos.
 *
 * @module
 */
import { UsageError } from "../../base/errors.ts";

/** Settings of one moving-shapes dataset. Lengths are in pixels, times in frames. */
export interface MovingShapesConfig {
  /** Rows of a picture. */
  readonly height: number;
  /** Columns of a picture. */
  readonly width: number;
  /** Frames of a video, at least 2. */
  readonly frames: number;
  /** Videos of the split `train`. */
  readonly trainVideos: number;
  /** Videos of the split `val`. */
  readonly valVideos: number;
  /** Videos of the split `test`. */
  readonly testVideos: number;
  /** Root of every random stream. */
  readonly seed: number;
  /** Longest flow vector of any pixel between consecutive frames. */
  readonly maxDisplacement: number;
  /** Fewest and most shapes of a video; the rare beads come on top. */
  readonly shapes: readonly [number, number];
  /** Pixels that the finest detail of a texture spans, relative to the sharpest one; 1 is sharp. */
  readonly softness: number;
  /** Largest distance of a color from grey, in grey levels; pale ones are more common. */
  readonly saturation: number;
  /** Point tracks of a video. */
  readonly tracks: number;
  /** Largest standard deviation of the camera noise, in grey levels; half the videos have none. */
  readonly noise: number;
  /** Longest exposure as a share of the frame interval, 0 to 1; most videos are not blurred. */
  readonly blur: number;
  /** Largest relative change of exposure and of each channel from their means; 0 for none. */
  readonly brightness: number;
}

/** The splits every moving-shapes dataset has. */
export const splitNames = ["train", "val", "test"] as const;

/** How many videos a split holds. @throws {UsageError} For a split that does not exist. */
export function videoCount(config: MovingShapesConfig, split: string): number {
  switch (split) {
    case "train":
      return config.trainVideos;
    case "val":
      return config.valVideos;
    case "test":
      return config.testVideos;
  }
  throw new UsageError(
    `Cannot open split "${split}": moving-shapes datasets have no such split`,
    `Choose one of ${splitNames.join(", ")}.`,
  );
}

/** The preset behind `moving-shapes`: small enough to build while the user watches. */
export const demoConfig: MovingShapesConfig = {
  height: 128,
  width: 128,
  frames: 4,
  trainVideos: 120,
  valVideos: 12,
  testVideos: 36,
  seed: 2024,
  maxDisplacement: 18,
  shapes: [2, 7],
  softness: 2,
  saturation: 90,
  tracks: 64,
  noise: 4,
  blur: 0.5,
  brightness: 0.06,
};

/** The preset behind `moving-shapes-large`: for about an hour's training and real pictures. */
export const largeConfig: MovingShapesConfig = {
  ...demoConfig,
  height: 192,
  width: 256,
  trainVideos: 400,
  testVideos: 12,
  maxDisplacement: 24,
  shapes: [4, 14],
  softness: 1,
  saturation: 160,
  tracks: 128,
};
