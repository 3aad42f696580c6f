export type GeneratedDoc = { path: string; render(): Promise<string> }

/**
 * Pages that are made from the code. test/tidy.test.ts fails when a committed one differs from what it would be now.
 * Each is imported on its own, so that code which does not load fails its own page and no other rule.
 */
export const generatedDocs: GeneratedDoc[] = [
  { path: 'docs/alerts.md', render: async () => (await import('./alerts-page.ts')).alertsPage() },
  { path: 'docs/configuration.md', render: async () => (await import('./configuration-page.ts')).configurationPage() },
  { path: 'docs/facts.md', render: async () => (await import('./facts-page.ts')).factsPage() },
  { path: 'docs/jobs.md', render: async () => (await import('./jobs-page.ts')).jobsPage() },
  {
    path: 'docs/metrics.md',
    render: async () => (await import('../../src/analytics/metrics/index.ts')).metricsMarkdown(),
  },
  {
    path: 'docs/openapi.json',
    render: async () => (await import('./openapi-page.ts')).openApiPage(),
  },
]
