/** Name of the mask of instance `index` below the folder of its image, without ending: at least four digits, from 0000. */
export function maskFileName(index: number): string {
  return String(index).padStart(4, '0')
}
