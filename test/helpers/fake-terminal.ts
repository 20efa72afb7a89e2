import { EventEmitter } from 'node:events'

/** A terminal that remembers what was written to it. */
export class FakeStdout extends EventEmitter {
  isTTY = true
  written = ''
  columns: number
  rows: number

  constructor(columns: number, rows: number) {
    super()
    this.columns = columns
    this.rows = rows
  }

  write(text: string, done?: () => void): boolean {
    this.written += text
    done?.()
    return true
  }

  resize(columns: number, rows: number): void {
    this.columns = columns
    this.rows = rows
    this.emit('resize')
  }
}

/** Keys arrive as the bytes a terminal sends. */
export class FakeStdin extends EventEmitter {
  isTTY = true
  raw = false
  private pending: string | null = null

  type(text: string): void {
    this.pending = text
    this.emit('readable')
  }

  read(): string | null {
    const text = this.pending
    this.pending = null
    return text
  }

  setRawMode(on: boolean): void {
    this.raw = on
  }

  setEncoding(): void {}
  resume(): void {}
  pause(): void {}
  ref(): void {}
  unref(): void {}
}
