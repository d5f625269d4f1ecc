/** MozJPEG's decoder, compiled and not yet instantiated. */
export const decoderWasm: WebAssembly.Module;
