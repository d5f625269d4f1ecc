/**
 * The papers that are replicated or will be, in the order they came out.
 *
 * @module
 */
import type { RunRecord } from "../benchmarks/record.ts";

/** What is to be said of each paper, once, for its records, its reports and README. */
export const papers = {
  pwcNet: {
    id: "pwc-net",
    title: "PWC-Net: CNNs for Optical Flow Using Pyramid, Warping, and Cost Volume",
    authors: "Deqing Sun, Xiaodong Yang, Ming-Yu Liu and Jan Kautz",
    venue: "CVPR",
    year: 2018,
    arxiv: "1709.02371",
  },
  raft: {
    id: "raft",
    title: "RAFT: Recurrent All-Pairs Field Transforms for Optical Flow",
    authors: "Zachary Teed and Jia Deng",
    venue: "ECCV",
    year: 2020,
    arxiv: "2003.12039",
  },
  flowe: {
    id: "flowe",
    title: "Self-Supervised Representation Learning from Flow Equivariance",
    authors: "Y. Xiong, M. Ren, W. Zeng and R. Urtasun",
    venue: "ICCV",
    year: 2021,
    arxiv: "2101.06553",
  },
  guessWhatMoves: {
    id: "guess-what-moves",
    title: "Guess What Moves: Unsupervised Video and Image Segmentation by Anticipating Motion",
    authors: "Subhabrata Choudhury, Laurynas Karazija, Iro Laina, Andrea Vedaldi and Christian " +
      "Rupprecht",
    venue: "BMVC",
    year: 2022,
    arxiv: "2205.07844",
  },
  omnimotion: {
    id: "omnimotion",
    title: "Tracking Everything Everywhere All at Once",
    authors: "Qianqian Wang, Yen-Yu Chang, Ruojin Cai, Zhengqi Li, Bharath Hariharan, Aleksander " +
      "Holynski and Noah Snavely",
    venue: "ICCV",
    year: 2023,
    arxiv: "2306.05422",
  },
  dora: {
    id: "dora",
    title: "Is ImageNet worth 1 video? Learning strong image encoders from 1 long unlabelled video",
    authors: "S. Venkataramanan, M. N. Rizve, J. Carreira, Y. M. Asano and Y. Avrithis",
    venue: "ICLR",
    year: 2024,
    arxiv: "2310.08584",
  },
  poodle: {
    id: "poodle",
    title: "PooDLe: Pooled and Dense Self-Supervised Learning from Naturalistic Videos",
    authors: "A. N. Wang, C. Hoang, Y. Xiong, Y. LeCun and M. Ren",
    venue: "ICLR",
    year: 2025,
    arxiv: "2408.11208",
  },
} satisfies Record<string, RunRecord["paper"]>;
