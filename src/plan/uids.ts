// Operator uids: names in the definition, so that state finds its operator again after a change.

export function streamUid(stream: string): string {
  return `stream:${stream}`;
}

export function viewUid(view: string): string {
  return `view:${view}`;
}

export function featureUid(view: string, feature: string): string {
  return `view:${view}/feature:${feature}`;
}

export function onDemandUid(view: string): string {
  return `on-demand:${view}`;
}
