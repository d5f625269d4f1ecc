/**
 * What an evaluation keeps of single samples: their numbers, and a few whole pictures.
 *
 * @module
 */

import type { FlowField, Mask, Picture } from "../base/arrays.ts";
import type { GalleryEntry } from "./record.ts";

/** A gallery entry with its pictures and fields, all of the sample's own height and width. */
export interface GalleryPicture extends GalleryEntry {
  /** The picture the flow starts from. */
  readonly image1: Picture;
  /** The picture the flow leads to. */
  readonly image2: Picture;
  /** Ground-truth flow, in pixels. */
  readonly truth: FlowField;
  /** 1 where the ground truth is known. */
  readonly valid: Mask;
  /** The contender's flow, in pixels. */
  readonly prediction: FlowField;
}

/** A gallery entry of a segmentation, all of the frame's own height and width. */
export interface SegmentationPicture extends GalleryEntry {
  readonly image: Picture;
  /** 1 on the true foreground. */
  readonly truth: Mask;
  /** 1 on the foreground the contender found without labels. */
  readonly prediction: Mask;
  /** Number of the segment at each pixel. */
  readonly segments: Mask;
  /** Flow to the next frame, where there is any, in pixels. */
  readonly flow?: FlowField;
}

/** Per-sample results of one evaluation. */
export interface SampleResults {
  /** Sample ids, in the order they were scored. */
  readonly ids: string[];
  /** Metric name to one value a sample in the order of `ids`; NaN where a sample has no value. */
  readonly metrics: Record<string, Float64Array>;
  /** The samples worth looking at; empty where samples are segmented frames. */
  readonly gallery: GalleryPicture[];
  /** The frames worth looking at, where samples are segmented frames. */
  readonly segmentations?: SegmentationPicture[];
}
