/** Decimals of the currencies of ISO 4217 that `branchxr.money` knows; a test compares the two. */

const TWO =
  'AED AMD AUD AZN BRL BYN CAD CHF CNY CZK DKK EUR GBP GEL HKD HUF IDR ILS INR KGS KZT MDL MXN ' +
  'NOK NZD PLN RON RSD RUB SAR SEK SGD THB TJS TMT TRY UAH USD UZS ZAR';
const NONE = 'CLP ISK JPY KRW VND';
const THREE = 'BHD JOD KWD OMR TND';

export const EXPONENTS: ReadonlyMap<string, number> = new Map([
  ...TWO.split(' ').map((code) => [code, 2] as const),
  ...NONE.split(' ').map((code) => [code, 0] as const),
  ...THREE.split(' ').map((code) => [code, 3] as const),
]);

const MAX_MINOR = 10n ** 15n;

/** Say whether this is an amount above zero with exactly the currency's decimals. */
export function isPayable(amount: string, currency: string): boolean {
  const exponent = EXPONENTS.get(currency);
  if (exponent === undefined) return false;
  const decimals = exponent ? `\\.[0-9]{${exponent}}` : '';
  if (!new RegExp(`^(0|[1-9][0-9]{0,15})${decimals}$`).test(amount) || /\n/.test(amount)) return false;
  const minor = BigInt(amount.replace('.', ''));
  return minor > 0n && minor <= MAX_MINOR;
}

/** Write an amount for people: thousands apart, the currency's code behind. */
export function spoken(amount: string, currency: string): string {
  const [whole = '', decimals] = amount.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, '\u202f');
  return `${grouped}${decimals ? `.${decimals}` : ''}\u00a0${currency}`;
}
