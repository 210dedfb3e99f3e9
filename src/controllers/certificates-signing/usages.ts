/** Usages by their names in the certificates API, as bits and identifiers of X.509. */

const bits: Readonly<Record<string, number>> = {
  signing: 0,
  "digital signature": 0,
  "content commitment": 1,
  "key encipherment": 2,
  "data encipherment": 3,
  "key agreement": 4,
  "cert sign": 5,
  "crl sign": 6,
  "encipher only": 7,
  "decipher only": 8,
};

/** In the order in which upstream writes them. */
const extended: readonly (readonly [name: string, id: string])[] = [
  ["any", "2.5.29.37.0"],
  ["server auth", "1.3.6.1.5.5.7.3.1"],
  ["client auth", "1.3.6.1.5.5.7.3.2"],
  ["code signing", "1.3.6.1.5.5.7.3.3"],
  ["email protection", "1.3.6.1.5.5.7.3.4"],
  ["s/mime", "1.3.6.1.5.5.7.3.4"],
  ["ipsec end system", "1.3.6.1.5.5.7.3.5"],
  ["ipsec tunnel", "1.3.6.1.5.5.7.3.6"],
  ["ipsec user", "1.3.6.1.5.5.7.3.7"],
  ["timestamping", "1.3.6.1.5.5.7.3.8"],
  ["ocsp signing", "1.3.6.1.5.5.7.3.9"],
  ["microsoft sgc", "1.3.6.1.4.1.311.10.3.3"],
  ["netscape sgc", "2.16.840.1.113730.4.1"],
];

/** Throws an Error that names usages nobody knows. */
export function usagesOf(names: readonly string[]): { readonly keyUsage: number[]; readonly extendedKeyUsage: string[] } {
  const unknown = names.filter((n) => !Object.hasOwn(bits, n) && !extended.some(([known]) => known === n));
  if (unknown.length > 0) throw new Error(`unrecognized usage values: [${unknown.map((n) => JSON.stringify(n)).join(" ")}]`);
  const asked = extended.filter(([name]) => names.includes(name)).map(([, id]) => id);
  return {
    keyUsage: [...new Set(names.flatMap((n) => (Object.hasOwn(bits, n) ? [bits[n] as number] : [])))].sort((a, b) => a - b),
    extendedKeyUsage: [...new Set(asked)],
  };
}
