/**
 * What messages call a file. They are logged, mailed and kept in runs, which more people see than may see imports, and
 * where no erasure looks: a file that was uploaded is called by the id of its import, never by its name, which may be
 * somebody's.
 */
export type Called = string & { readonly brand: 'called' }

/** For whoever sits at the terminal where the file is. */
export function calledByPath(path: string): Called {
  return path as Called
}

export function calledByImport(id: string): Called {
  return `import ${id}` as Called
}
