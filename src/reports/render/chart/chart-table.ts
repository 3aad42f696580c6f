import type { Chart, Table } from '../../document.ts'

/** The columns of a chart's numbers: category, then each series with the ends of its interval. */
export function chartColumns({ category, series }: Chart): Chart['series'] {
  return [category, ...series].flatMap(({ band, ...column }: Chart['series'][number]) =>
    band === undefined
      ? [column]
      : [
          column,
          { ...column, key: band.low, label: `${column.label}, lower end` },
          { ...column, key: band.high, label: `${column.label}, upper end` },
        ],
  )
}

/** The numbers behind a chart as a table, for those who cannot see it and those who want to count. */
export function chartTable(chart: Chart): Table {
  return {
    kind: 'table',
    id: chart.id,
    title: chart.title,
    columns: chartColumns(chart),
    rows: chart.rows,
    empty: 'There is nothing to draw for this period.',
  }
}
