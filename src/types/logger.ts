/** Logs for one part. `%e` in a text stands for an error. */
export interface Logger {
  (formatter: any, ...values: any[]): void
  error: (formatter: any, ...values: any[]) => void
  trace: (formatter: any, ...values: any[]) => void
  /** Whether anything of this part is logged. */
  enabled: boolean
  /** A logger of a part of this part. */
  newScope: (name: string) => Logger
}

/** Gives the logger of each part, like `nexus:session`: what `defaultLogger()` of `@libp2p/logger` gives fits. */
export interface ComponentLogger {
  forComponent: (name: string) => Logger
}
