/**
 * The former name of `optimizer_config.ts`, until Guess What Moves, which is being changed elsewhere,
 * imports that one.
 *
 * @module
 */
export { adamwDefaults } from "./optimizer_config.ts";
