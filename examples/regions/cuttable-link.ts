// A link that can be cut: a port of this machine from which bytes go to another one, until they do not.
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';

export interface CuttableLink {
  readonly port: number;
  /** Connections break, and new ones too. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function cuttableLink(toPort: number): Promise<CuttableLink> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const follow = (socket: Socket, other: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => other.destroy());
    socket.on('close', () => {
      sockets.delete(socket);
      other.destroy();
    });
  };
  const server = createServer((near) => {
    if (isCut) return near.destroy();
    const far = connect(toPort, '127.0.0.1');
    follow(near, far);
    follow(far, near);
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    cut() {
      isCut = true;
      cutAll();
    },
    mend() {
      isCut = false;
    },
    async close() {
      cutAll();
      server.close();
      await once(server, 'close');
    },
  };
}
