/**
 * What datasets hand out: picture pairs with the flow between them, or frames of videos with the mask
 * of what moves.
 *
 * @module
 */
import type { FlowField, Mask, Picture } from "../base/arrays.ts";

/** One picture pair with ground-truth flow. All arrays share height and width. */
export interface FlowSample {
  /** Unique within its dataset, for example `alley_1/frame_0001` or `video-0007/frame-02`. */
  readonly id: string;
  /** The picture the flow starts from. */
  readonly image1: Picture;
  /** The picture the flow leads to. */
  readonly image2: Picture;
  /** Ground truth from `image1` to `image2`, in pixels. */
  readonly flow: FlowField;
  /** 1 where the ground truth is known. */
  readonly valid: Mask;
  /** 1 where the pixel of `image1` is hidden or outside in `image2`, where the dataset says so. */
  readonly occluded?: Mask;
}

/** A split of a dataset, read sample by sample. */
export interface FlowDataset {
  /** Registry name, for example `moving-shapes`. */
  readonly id: string;
  /** Split name, for example `train`. */
  readonly split: string;
  /** Digest of the store the samples come from (hexadecimal SHA-256 of its completion record). */
  readonly digest: string;
  /** Number of samples. */
  readonly length: number;
  /** Ids of the samples in their order, where they are known without reading them. */
  readonly ids?: readonly string[];
  /** Whether ground truth is sparse (KITTI, HD1K), which augmentation must know. */
  readonly sparse: boolean;
  /**
   * Reads one sample.
   *
   * @param index 0…length-1.
   * @throws {DataError} When a chunk is damaged, truncated, missing or swapped.
   */
  read(index: number): Promise<FlowSample>;
}

/** One frame of a video. */
export interface MaskedFrame {
  /** Unique within its dataset, for example `bmx-trees/00012`. */
  readonly id: string;
  readonly image: Picture;
  /** 1 on the foreground; null where nobody annotated the frame. Of the image's height and width. */
  readonly mask: Mask | null;
}

/** Where a video lies among the frames of a split. */
export interface VideoSpan {
  /** Unique within its dataset, for example `bmx-trees`. */
  readonly name: string;
  /** Index of its first frame. */
  readonly first: number;
  /** Number of its frames, which follow one another without gaps. */
  readonly frames: number;
}

/** A split of videos with foreground masks, read frame by frame. */
export interface MaskedVideos {
  /** Registry name, for example `davis-2016`. */
  readonly id: string;
  /** Split name, for example `val`. */
  readonly split: string;
  /** Digest of the store the frames come from. */
  readonly digest: string;
  /** Number of frames. */
  readonly length: number;
  /** The videos, in the order of their frames. */
  readonly videos: readonly VideoSpan[];
  /**
   * Reads one frame.
   *
   * @param index 0…length-1.
   * @throws {DataError} When a chunk is damaged, truncated, missing or swapped.
   */
  read(index: number): Promise<MaskedFrame>;
  /**
   * Exact flow from a frame to the one `gap` frames later (earlier where negative), in pixels; only
   * datasets that know it have this.
   *
   * @returns Null where that frame does not exist or the dataset does not have this gap.
   */
  flow?(index: number, gap: number): Promise<FlowField | null>;
}
