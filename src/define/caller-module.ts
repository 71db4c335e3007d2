// Which module called a function that users call, read from the stack; unknown when that tells nothing.
// It says where something was declared, for relative paths and for other threads, and nothing else.

/** URL or path of the file of a frame; frame 0 is the function that made the stack. */
export function callerModule(stack: string, frame: number): string | null {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  const match = /\(?((?:file:\/\/|\/|[A-Za-z]:\\)[^()]*?)(?::\d+)*\)?$/.exec(frames[frame] ?? '');
  return match?.[1] ?? null;
}
