/**
 * What kind of adapter kernels run on, as far as its own description tells.
 *
 * WebGPU names no kind. Browsers give the vendor's name, Deno the number it has on the PCI bus, and
 * `description` holds what the driver calls the device, if anything.
 *
 * @module
 */

/** Every {@link AdapterClass}. */
export const adapterClasses = ["software", "integrated", "discrete", "unknown"] as const;

/**
 * "software": shaders run on the CPU. "integrated": a GPU that shares the CPU's memory. "discrete": a
 * GPU with memory of its own. "unknown": none of these is certain.
 */
export type AdapterClass = typeof adapterClasses[number];

/** The parts of a `GPUAdapterInfo` that are read. */
export type AdapterNames =
  & Pick<GPUAdapterInfo, "vendor" | "device" | "description">
  & Partial<Pick<GPUAdapterInfo, "isFallbackAdapter">>;

const SOFTWARE = /llvmpipe|softpipe|lavapipe|swiftshader|basic render|\bwarp\b/i;

/** Vendors by name or PCI number, and what their devices are called where that decides. */
const vendors: readonly {
  readonly names: readonly string[];
  readonly classOf: (device: string) => AdapterClass;
}[] = [
  {
    names: ["nvidia", "4318"], // 0x10de
    // Tegra and its successors share memory; they are the only ones.
    classOf: (device) => /tegra|orin|xavier|thor|jetson/i.test(device) ? "integrated" : "discrete",
  },
  {
    names: ["amd", "4098"], // 0x1002
    classOf: (device) =>
      /Vega \d{1,2} Graphics/i.test(device)
        ? "integrated" // some of them are called RX all the same
        : /\bRX\b|\bPro W|Instinct|Radeon VII|FirePro|\bMI\d{2,3}/i.test(device)
        ? "discrete"
        : /Graphics|\b\d{3}M\b|Custom APU/i.test(device)
        ? "integrated"
        : "unknown",
  },
  {
    names: ["intel", "32902"], // 0x8086
    // Cards are A… or B… and two or three digits; "Arc Graphics" and "Arc 140V" are not cards.
    classOf: (device) =>
      /\bArc\b.*\b[AB]\d{2,3}M?\b/i.test(device) ? "discrete" : device ? "integrated" : "unknown",
  },
  // Apple 0x106b, Qualcomm 0x5143, Arm 0x13b5, Imagination 0x1010, Broadcom 0x14e4, Samsung 0x144d
  {
    names: [
      ...["apple", "4203", "qualcomm", "20803", "arm", "5045"],
      ...["img-tec", "4112", "broadcom", "5348", "samsung", "5197"],
    ],
    classOf: () => "integrated",
  },
];

/** The class of an adapter. */
export function adapterClass(info: AdapterNames): AdapterClass {
  const device = `${info.description} ${info.device}`;
  if (info.isFallbackAdapter || SOFTWARE.test(device)) return "software";
  const vendor = vendors.find(({ names }) => names.includes(info.vendor.toLowerCase()));
  return vendor?.classOf(info.description) ?? "unknown";
}
