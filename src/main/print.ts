// Whoever closed the pipe (`| head`) has read enough; the work itself goes on to its end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

/** The one place that writes to standard output: what a command was asked to print. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** Rows of text in columns, the first row a header. */
export function printTable(rows: string[][]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  for (const [index, row] of rows.entries()) {
    print(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    if (index === 0) print(widths.map((width) => '─'.repeat(width)).join('  '))
  }
}
