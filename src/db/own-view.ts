import { dirname } from 'node:path'

/** Folders of every Debian that may serve as a workbench: none of the places must be below it. */
const WORKBENCHES = ['/mnt', '/media', '/srv']

/**
 * Lays empty folders that everybody may pass over those that are closed, and puts the places back where they are below
 * them. What it mounts, only the program that follows sees, and its children. $1 the workbench, then the closed
 * folders, `--`, the places, `--`, the program.
 */
const LAY_OUT = `set -e
bench=$1; shift
mount -t tmpfs -o mode=755 tmpfs "$bench"
closed=0; for each do [ "$each" = -- ] && break; closed=$((closed + 1)); done
at=0; places=0
for each do
  at=$((at + 1)); [ $at -le $((closed + 1)) ] && continue
  [ "$each" = -- ] && break
  places=$((places + 1)); mkdir "$bench/$places"; mount --bind "$each" "$bench/$places"
done
while [ "$1" != -- ]; do mount -t tmpfs -o mode=755,size=1m tmpfs "$1"; shift; done
shift
place=0
while [ "$1" != -- ]; do place=$((place + 1)); mkdir -p "$1"; mount --move "$bench/$place" "$1"; shift; done
shift
umount "$bench"
exec "$@"`

/**
 * The command that runs `program` where `places` can be reached although folders above them are closed: in a view of
 * the files that is its own, in which nothing else of the closed folders is there. It takes root, and the right to
 * mount (CAP_SYS_ADMIN).
 */
export function inOwnView(closed: readonly string[], places: readonly string[], program: readonly string[]): string[] {
  const bench = WORKBENCHES.find((folder) => !places.some((place) => `${place}/`.startsWith(`${folder}/`)))
  if (bench === undefined) throw new Error(`nothing can be mounted beside ${places.join(', ')}`)
  const unshare = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', LAY_OUT, 'sh', bench]
  return [...unshare, ...outermost(closed), '--', ...places, '--', ...program]
}

/** Without those that are below another. */
function outermost(folders: readonly string[]): string[] {
  const all = new Set(folders)
  const isBelow = (folder: string): boolean => {
    const parent = dirname(folder)
    return parent !== folder && (all.has(parent) || isBelow(parent))
  }
  return [...all].filter((folder) => !isBelow(folder))
}
