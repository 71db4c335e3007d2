// What a replicator writes beside a copied view: how far it has come, and when the copy was last
// complete. Readers of the copy judge by it whether it is fresh.

export interface ReplicaNote {
  /** Of the change feed of the centre. */
  readonly cursor: string;
  /** Of the view that was copied: another one is copied anew. */
  readonly fingerprint: string;
  /** The replicator's clock when it asked for what it then found nothing more of. */
  readonly completeAtMs: number;
}

export function replicaNoteName(view: string): string {
  return `replicated:${view}`;
}

export function replicaNoteText(note: ReplicaNote): string {
  return JSON.stringify(note);
}

/** Null for a text that is none. */
export function parseReplicaNote(text: string | null): ReplicaNote | null {
  if (text === null) return null;
  try {
    const note = JSON.parse(text) as Partial<ReplicaNote> | null;
    const isNote =
      typeof note?.cursor === 'string' &&
      typeof note.fingerprint === 'string' &&
      typeof note.completeAtMs === 'number';
    return isNote ? (note as ReplicaNote) : null;
  } catch {
    return null;
  }
}
