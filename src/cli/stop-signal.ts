// Ctrl-C and SIGTERM: the first asks for a clean stop, the second ends the process at once.

const signals = ['SIGINT', 'SIGTERM'] as const;

interface SignalProcess {
  on(event: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(event: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  exit(code: number): never;
}

export interface StopSignal {
  /** Listens from the first call on: a command that never asks is stopped by the system, at once. */
  readonly signal: () => AbortSignal;
  dispose(): void;
}

const forcedExitCode = 130;

export function listenForStop(process: SignalProcess): StopSignal {
  const controller = new AbortController();
  let isListening = false;
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(forcedExitCode);
    controller.abort();
  };
  return {
    signal() {
      if (!isListening) for (const name of signals) process.on(name, onSignal);
      isListening = true;
      return controller.signal;
    },
    dispose() {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
