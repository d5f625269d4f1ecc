// The decoder as a module of the graph: it needs no permission and no network at run time. This is
// JavaScript because TypeScript does not know source phase imports yet.
// @ts-self-types="./mozjpeg.d.ts"
import source decoderWasm from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm";

export { decoderWasm };
