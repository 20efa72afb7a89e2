export async function planCommand(..._: unknown[]): Promise<number> {
  return 2
}
