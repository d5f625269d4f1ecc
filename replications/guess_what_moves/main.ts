/**
 * `deno task guess-what-moves`: the command line of Guess What Moves.
 *
 * @module
 */
import { replicate } from "../../cli/replicate.ts";
import { raft } from "../raft/raft.ts";
import { guessWhatMoves } from "./guess_what_moves.ts";

if (import.meta.main) await replicate(guessWhatMoves(raft));
