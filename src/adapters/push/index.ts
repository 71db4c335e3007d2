// Public entry `millrace/push`: streams whose records come by request.
export { type PushBinding, type PushOptions, push } from './push.ts';
