import { assertEquals } from "@std/assert";
import { type AdapterClass, adapterClass } from "./adapter_class.ts";

/** Vendor, description and class of adapters as drivers name them. */
const adapters: readonly [string, string, AdapterClass][] = [
  ["65541", "llvmpipe (LLVM 15.0.6, 256 bits)", "software"],
  ["6880", "SwiftShader Device (LLVM 16.0.0)", "software"],
  ["google", "swiftshader", "software"],
  ["5140", "Microsoft Basic Render Driver", "software"],
  ["4318", "NVIDIA GeForce RTX 3080", "discrete"],
  ["nvidia", "", "discrete"],
  ["4318", "NVIDIA Tegra Orin (nvgpu)", "integrated"],
  ["4098", "AMD Radeon RX 6800 XT (RADV NAVI21)", "discrete"],
  ["4098", "AMD Radeon PRO W7900", "discrete"],
  ["4098", "AMD Radeon Graphics (RADV RENOIR)", "integrated"],
  ["4098", "AMD Radeon 780M (RADV PHOENIX)", "integrated"],
  ["4098", "AMD Radeon RX Vega 11 Graphics (RADV RAVEN)", "integrated"],
  ["4098", "AMD Radeon RX Vega 64", "discrete"],
  ["4098", "AMD Custom GPU 0405", "unknown"],
  ["amd", "", "unknown"],
  ["32902", "Intel(R) Arc(tm) A770 Graphics (DG2)", "discrete"],
  ["32902", "Intel(R) Arc(TM) B580 Graphics", "discrete"],
  ["32902", "Intel(R) Arc(TM) Graphics", "integrated"],
  ["32902", "Intel(R) Arc(TM) 140V GPU (16GB)", "integrated"],
  ["32902", "Intel(R) UHD Graphics 630 (CFL GT2)", "integrated"],
  ["intel", "", "unknown"],
  ["4203", "Apple M2 Pro", "integrated"],
  ["apple", "", "integrated"],
  ["qualcomm", "Adreno (TM) 740", "integrated"],
  // Metal gives no vendor.
  ["0", "Apple M1", "integrated"],
  ["0", "Apple M3 Max", "integrated"],
  ["0", "AMD Radeon Pro 5500M", "discrete"],
  ["0", "AMD Radeon Pro Vega 20", "discrete"],
  ["0", "AMD Radeon R9 M370X", "discrete"],
  ["0", "Intel(R) Iris(TM) Plus Graphics 655", "integrated"],
  ["0", "NVIDIA GeForce GT 750M", "discrete"],
  ["0", "Snapple Graphics", "unknown"],
  ["0", "llvmpipe (LLVM 17.0.6, 256 bits)", "software"],
  ["65541", "Virtio-GPU Venus (NVIDIA GeForce RTX 4090)", "discrete"],
  ["", "", "unknown"],
  ["9999", "Something new", "unknown"],
];

for (const [vendor, description, expected] of adapters) {
  Deno.test(`${vendor || "nobody"} "${description}" is ${expected}`, () => {
    assertEquals(adapterClass({ vendor, device: "0", description }), expected);
  });
}

Deno.test("a fallback adapter runs on the CPU, whatever it is called", () => {
  const names = { vendor: "4318", device: "0", description: "", isFallbackAdapter: true };
  assertEquals(adapterClass(names), "software");
});
