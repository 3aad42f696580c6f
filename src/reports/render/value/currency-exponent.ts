/**
 * Digits after the point of a currency, by ISO 4217 list one. Intl's own digits follow CLDR, which rounds some currencies as people
 * say them in shops (IQD and LAK to 0) and would shift their minor units.
 */
const EXPONENTS: Record<string, number> = {
  ...exponents(0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'),
  ...exponents(3, 'BHD IQD JOD KWD LYD OMR TND'),
  ...exponents(4, 'CLF UYW'),
}

/** How many decimal digits the minor unit of a currency stands for: GBP 2, JPY 0, BHD 3. */
export function currencyExponent(currency: string): number {
  return EXPONENTS[currency] ?? 2
}

function exponents(digits: number, currencies: string): Record<string, number> {
  return Object.fromEntries(currencies.split(' ').map((currency) => [currency, digits]))
}
