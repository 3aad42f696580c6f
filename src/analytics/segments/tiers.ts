/**
 * The five behavioural tiers. Every known customer is in exactly one: the first of these whose rule it meets. Recency,
 * frequency and money, as in RFM, but with days and counts that people can be told, and one quintile where only a
 * comparison makes sense.
 *
 * 1. new: first dealt with the business less than NEW_DAYS days ago.
 * 2. at-risk: would be high-value or regular, but has been silent for SILENT_DAYS days or more.
 * 3. high-value: in the top fifth of the client's paying customers by net revenue of the last LOOKBACK_DAYS days.
 * 4. regular: dealt with the business REGULAR_TIMES times or more in the last LOOKBACK_DAYS days.
 * 5. occasional: everybody else, those included who have not been heard of for longer.
 *
 * They are read with SQL from customer_tiers; no report and no page reads them yet.
 *
 * To deal with the business is to contact it or to order. Source of the quintile: the R package rfm, monetary score 5.
 */
export const NEW_DAYS = 30
export const SILENT_DAYS = 90
export const LOOKBACK_DAYS = 365
export const REGULAR_TIMES = 4
/** Net revenue above this quantile of paying customers is high. Where all pay the same, nobody's is. */
export const HIGH_VALUE_QUANTILE = 0.8
