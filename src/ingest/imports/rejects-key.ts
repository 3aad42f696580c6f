/**
 * Where the rejects of an import lie in the object store, if it has any. Known without asking anybody, so that whoever
 * deletes them finds them also when the import that wrote them was broken off before it could say so.
 */
export function rejectsKey(clientId: string, importId: string): string {
  return `imports/${clientId}/${importId}/rejects.csv`
}
