/**
 * CRC-32C (Castagnoli; RFC 3720, section 12.1): the checksum Zarr's `crc32c` codec appends.
 *
 * @module
 */

/** Reflected Castagnoli polynomial. */
const POLYNOMIAL = 0x82f63b78;

/**
 * Eight tables of 256 entries ("slicing by 8"): table k gives what a byte does to the checksum
 * when k more bytes follow it, so that eight bytes cost eight look-ups and no dependent chain.
 */
const TABLES: readonly Int32Array[] = (() => {
  const tables = Array.from({ length: 8 }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[0][byte] = crc;
  }
  for (let k = 1; k < 8; k++) {
    for (let byte = 0; byte < 256; byte++) {
      const shorter = tables[k - 1][byte];
      tables[k][byte] = (shorter >>> 8) ^ tables[0][shorter & 0xff];
    }
  }
  return tables;
})();

/**
 * The CRC-32C of some bytes, as an unsigned 32-bit integer.
 *
 * @param bytes What to sum up; empty bytes have checksum 0.
 */
export function crc32c(bytes: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
  const { length } = bytes;
  let crc = -1;
  let i = 0;
  for (; i + 8 <= length; i += 8) {
    const low = crc ^
      (bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 | bytes[i + 3] << 24);
    crc = t7[low & 0xff] ^ t6[(low >>> 8) & 0xff] ^ t5[(low >>> 16) & 0xff] ^ t4[low >>> 24] ^
      t3[bytes[i + 4]] ^ t2[bytes[i + 5]] ^ t1[bytes[i + 6]] ^ t0[bytes[i + 7]];
  }
  for (; i < length; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]) & 0xff];
  return ~crc >>> 0;
}
