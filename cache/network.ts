import { TaskError } from '../engine/base/diagnostic.ts'
import type { FileSystem } from './files.ts'

/**
 * SQLite's write-ahead log needs memory shared between processes, which file systems across a network do not give:
 * databases there get damaged or lock up. So the store refuses them before it writes anything.
 *
 * Magic numbers of statfs(2): Linux `include/uapi/linux/magic.h` and the manual page, 6.x. FUSE is not listed: it is
 * as often a local disk as a remote one.
 */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB 2'],
  [0x01021997, '9P (a folder of the host seen from a virtual machine, such as /mnt/c in WSL 2)'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'kAFS'],
  [0x73757245, 'Coda'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x564c, 'NCP'],
])

/** @throws TaskError `store-on-network`. `directory` exists. Other systems than Linux number them differently. */
export function refuseNetworkFolder(files: FileSystem, directory: string, platform: string = process.platform): void {
  if (platform !== 'linux') return
  const type = files.statfsSync(directory).type >>> 0
  const name = networkFileSystems.get(type)
  if (name === undefined) return
  throw new TaskError({
    code: 'store-on-network',
    message: `The cache folder ${directory} is on a network file system: ${name}. SQLite databases get damaged there.`,
    fix: 'put the cache on a local disk: --cache /local/folder (results can still be delivered to this one with --out)',
  })
}
