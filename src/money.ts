/**
 * Currencies of ISO 4217 whose minor unit is not a hundredth (list one, 2025). Not asked of Intl: its data follow cash
 * usage in places and give, for instance, the forint and the Iraqi dinar no minor unit at all.
 */
const EXPONENTS: Record<string, number> = Object.fromEntries([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0]),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3]),
  ...'CLF UYW'.split(' ').map((code) => [code, 4]),
])

/** How many decimals a currency has: 2 for GBP (pence), 0 for JPY, 3 for KWD. */
export function currencyExponent(currency: string): number {
  return EXPONENTS[currency] ?? 2
}
