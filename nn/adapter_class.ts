/**
 * What kind of adapter kernels run on, as far as its own description tells.
 *
 * WebGPU names no kind. Browsers give the vendor's name, Deno the number it has on the PCI bus (0 for all
 * under Metal), and `description` holds what the driver calls the device, if anything.
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
  /** What tells its devices where the vendor is not given. */
  readonly called: RegExp;
  readonly classOf: (device: string) => AdapterClass;
}[] = [
  {
    names: ["nvidia", "4318"], // 0x10de
    called: /NVIDIA|GeForce|Quadro/i,
    // Tegra and its successors share memory; they are the only ones.
    classOf: (device) => /tegra|orin|xavier|thor|jetson/i.test(device) ? "integrated" : "discrete",
  },
  {
    names: ["amd", "4098"], // 0x1002
    called: /\bAMD\b|Radeon|FirePro/i,
    classOf: (device) =>
      /Vega \d{1,2} Graphics/i.test(device)
        ? "integrated" // some of them are called RX all the same
        : /\bRX\b|\bR9\b|\bPro (W|Vega|Duo|\d)|Instinct|Radeon VII|FirePro|\bMI\d{2,3}/i.test(
            device,
          )
        ? "discrete"
        : /Graphics|\b\d{3}M\b|Custom APU/i.test(device)
        ? "integrated"
        : "unknown",
  },
  {
    names: ["intel", "32902"], // 0x8086
    called: /\bIntel\b/i,
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
    called: /^Apple |Adreno|\bMali\b|PowerVR|VideoCore|Xclipse/i,
    classOf: () => "integrated",
  },
];

/** The class of an adapter. */
export function adapterClass(info: AdapterNames): AdapterClass {
  const device = `${info.description} ${info.device}`;
  if (info.isFallbackAdapter || SOFTWARE.test(device)) return "software";
  const vendor = vendors.find(({ names }) => names.includes(info.vendor.toLowerCase())) ??
    vendors.find(({ called }) => called.test(info.description));
  return vendor?.classOf(info.description) ?? "unknown";
}
