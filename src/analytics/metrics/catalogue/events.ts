import { COUNT, declareMetrics } from './metric.ts'

export const EVENT_METRICS = declareMetrics({
  events: {
    ...COUNT,
    name: 'events',
    label: 'Events',
    numerator: { events: 1 },
    formula: 'events of any name',
    note: 'Raw events are dropped after a while; what was counted of them stays.',
  },
  newCustomers: {
    ...COUNT,
    name: 'new-customers',
    label: 'New customers',
    numerator: { customers_new: 1 },
    direction: 'up',
    formula: 'customers by the day of their first contact',
    note: 'Customers whose first contact nobody noted are not among them.',
  },
})
